"""Generate src/sourcier/v1 from proto/sourcier/v1, or check that it is what would be generated.

The generated code is committed: an install needs no compiler, and a change of the API shows in review.
`--check` writes nothing and names every file that differs.
"""

import argparse
import sys
import tempfile
from pathlib import Path

from protoc import PACKAGE, PROTO_ROOT, ROOT, has_service, proto_files, run_protoc, tool

GENERATED = ("*_pb2.py", "*_pb2.pyi", "*_pb2_grpc.py", "*_pb2_grpc.pyi")


def generate(out: Path, proto_root: Path = PROTO_ROOT) -> None:
    """Write the code and its types under `out`, and remove what no proto file stands for any more."""
    protos = proto_files(proto_root)
    if not protos:
        sys.exit(f"There are no proto files in {proto_root.name}/{PACKAGE}.")
    with tempfile.TemporaryDirectory() as folder:
        fresh = Path(folder)
        run_protoc(
            protos,
            [
                f"--plugin=protoc-gen-mypy={tool('protoc-gen-mypy')}",
                f"--python_out={fresh}",
                f"--mypy_out=quiet:{fresh}",
            ],
            proto_root,
        )
        services = [path for path in protos if has_service(proto_root / path)]
        if services:
            run_protoc(
                services,
                [
                    f"--plugin=protoc-gen-mypy_grpc={tool('protoc-gen-mypy_grpc')}",
                    f"--grpc_python_out={fresh}",
                    f"--mypy_grpc_out=quiet:{fresh}",
                ],
                proto_root,
            )
        for path in generated_files(out):
            path.unlink()
        (out / PACKAGE).mkdir(parents=True, exist_ok=True)
        for path in generated_files(fresh):
            (out / path.relative_to(fresh)).write_bytes(path.read_bytes())


def generated_files(root: Path) -> list[Path]:
    """The generated files that lie under `root`, sorted."""
    return sorted(path for pattern in GENERATED for path in (root / PACKAGE).glob(pattern))


def drift(committed: Path, proto_root: Path = PROTO_ROOT) -> list[str]:
    """Describe every generated file under `committed` that is missing, left over or different."""
    with tempfile.TemporaryDirectory() as folder:
        generate(Path(folder), proto_root)
        fresh = {path.name: path.read_bytes() for path in generated_files(Path(folder))}
    present = {path.name: path.read_bytes() for path in generated_files(committed)}
    findings = []
    for name in sorted(fresh.keys() | present.keys()):
        if name not in present:
            findings.append(f"{PACKAGE}/{name}: missing")
        elif name not in fresh:
            findings.append(f"{PACKAGE}/{name}: left over, no proto file stands for it")
        elif fresh[name] != present[name]:
            findings.append(f"{PACKAGE}/{name}: differs")
    return findings


def main() -> None:
    """Generate, or with `--check` compare."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; fail when the committed code differs")
    parser.add_argument("--proto", type=Path, default=PROTO_ROOT, help="root of the proto files")
    parser.add_argument("--out", type=Path, default=ROOT / "src", help="root of the generated packages")
    arguments = parser.parse_args()
    if not arguments.check:
        generate(arguments.out, arguments.proto)
        return
    findings = drift(arguments.out, arguments.proto)
    if findings:
        sys.exit("\n".join(["The generated code is not up to date; run `make proto`.", *findings]))


if __name__ == "__main__":
    main()
