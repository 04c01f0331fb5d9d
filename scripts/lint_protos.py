"""Lint the proto files with buf, offline.

buf would fetch the Google protos that ours import. Here protoc makes one image of everything from the
installed packages, and buf reads that.
"""

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path

from protoc import PACKAGE, PROTO_ROOT, proto_files, run_protoc, tool


def main() -> None:
    """Lint; the exit code is buf's."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--proto", type=Path, default=PROTO_ROOT, help="root of the proto files")
    proto_root = parser.parse_args().proto
    protos = proto_files(proto_root)
    if not protos:
        sys.exit(f"There are no proto files in {proto_root.name}/{PACKAGE}.")
    with tempfile.TemporaryDirectory() as folder:
        image = Path(folder) / "image.binpb"
        options = ["--include_imports", "--include_source_info", f"--descriptor_set_out={image}"]
        run_protoc(protos, options, proto_root)
        command = [tool("buf"), "lint", str(image), "--config", str(PROTO_ROOT / "buf.yaml")]
        command += [option for path in protos for option in ("--path", str(path))]
        sys.exit(subprocess.run(command, check=False).returncode)


if __name__ == "__main__":
    main()
