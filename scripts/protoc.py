"""How this repository calls protoc: which files, which include folders, which plugins.

The compiler comes with grpcio-tools and the Google protos with googleapis-common-protos, both locked, so the
same checkout gives the same output everywhere.
"""

import re
import subprocess
import sys
import sysconfig
from importlib.resources import files
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PROTO_ROOT = ROOT / "proto"
PACKAGE = Path("sourcier/v1")

_SERVICE = re.compile(r"^service\s+\w+", re.MULTILINE)


def proto_files(proto_root: Path = PROTO_ROOT) -> list[Path]:
    """The proto files of the API, relative to `proto_root`, sorted."""
    return sorted(path.relative_to(proto_root) for path in (proto_root / PACKAGE).glob("*.proto"))


def has_service(path: Path) -> bool:
    """Whether a proto file declares a service, so that it needs gRPC code as well."""
    return _SERVICE.search(path.read_text(encoding="utf-8")) is not None


def run_protoc(protos: list[Path], options: list[str], proto_root: Path = PROTO_ROOT) -> None:
    """Run protoc on `protos` (relative to `proto_root`); end the program when it refuses them."""
    includes = [proto_root, Path(str(files("grpc_tools"))) / "_proto", Path(sysconfig.get_path("purelib"))]
    command = [sys.executable, "-m", "grpc_tools.protoc"]
    command += [f"--proto_path={folder}" for folder in includes]
    command += [*options, *(str(path) for path in protos)]
    if subprocess.run(command, check=False).returncode != 0:
        sys.exit("protoc refused the proto files.")


def tool(name: str) -> str:
    """The path of a program installed next to the running Python."""
    return str(Path(sysconfig.get_path("scripts")) / name)
