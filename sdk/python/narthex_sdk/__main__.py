"""Makes a component of a plugin: `python -m narthex_sdk plugin.py [--out folder]` writes `<folder>/<name>.wasm`.

The module is first imported here, to learn the plugin's kind and name from its class; then componentize-py puts it, the SDK and
Python itself into a component.
"""

from __future__ import annotations

import argparse
import importlib
import inspect
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

from .plugin import Discovery, Exporter, Notifier, Plugin

SDK = Path(__file__).resolve().parent

APP = """\
import {module}
from narthex_sdk.component import exports_of

globals().update(exports_of({module}.{plugin}()))
"""
"""What componentize-py is given: a module with the classes that the world exports."""


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m narthex_sdk", description="Makes a component of a plugin.")
    parser.add_argument("source", type=Path, help="the module with the plugin's class")
    parser.add_argument("--out", type=Path, default=Path("dist"), help="where the component is put (dist)")
    arguments = parser.parse_args()
    source: Path = arguments.source
    if not source.is_file():
        fail(f"{source}: no such file")
    plugin = find(source)
    file = build(source, plugin, arguments.out)
    print(f"{file} ({plugin.kind}, {file.stat().st_size // 1000} kB)")


def find(source: Path) -> type[Plugin]:
    """The one plugin of a module."""
    sys.path.insert(0, str(source.resolve().parent))
    module = importlib.import_module(source.stem)
    kinds = (Exporter, Discovery, Notifier)
    own = [
        found
        for _, found in inspect.getmembers(module, inspect.isclass)
        if issubclass(found, kinds) and found.__module__ == module.__name__
    ]
    if len(own) != 1:
        names = ", ".join(found.__name__ for found in own) or "none"
        fail(f"{source}: one class must derive from Exporter, Discovery or Notifier; found: {names}")
    plugin = own[0]
    for fact in ("name", "version", "description"):
        if not hasattr(plugin, fact):
            fail(f"{source}: {plugin.__name__} has no {fact}")
    if not re.fullmatch(r"[a-z0-9_-]{1,63}", plugin.name):
        fail(f"{source}: name: {plugin.name!r} has more than lower case, digits, - and _, or is longer than 63")
    return plugin


def build(source: Path, plugin: type[Plugin], out: Path) -> Path:
    out.mkdir(parents=True, exist_ok=True)
    file = out / f"{plugin.name}.wasm"
    with tempfile.TemporaryDirectory(prefix="narthex-build-") as folder:
        Path(folder, "narthex_app.py").write_text(APP.format(module=source.stem, plugin=plugin.__name__))
        # Beside it and then renamed, so that a host that watches the folder never sees half of it.
        made = out / f"{plugin.name}.wasm.new"
        # The interpreter is compiled in without WASI: a plugin asks the host, and nobody else.
        command = [componentize_py(), "-d", str(contract()), "-w", plugin.kind, "componentize", "--stub-wasi"]
        for path in (folder, source.resolve().parent, SDK.parent):
            command += ["-p", str(path)]
        ended = subprocess.run([*command, "narthex_app", "-o", str(made)], capture_output=True, text=True)
        if ended.returncode != 0:
            fail(f"componentize-py failed:\n{ended.stdout}{ended.stderr}")
        os.replace(made, file)
    return file


def contract() -> Path:
    """The folder of narthex.wit: beside the SDK, or in the repository."""
    places = [SDK.parent / "wit", SDK.parent.parent.parent / "wit"]
    found = next((place for place in places if (place / "narthex.wit").is_file()), None)
    return found or fail(f"{places[0]}: the contract is missing; install the SDK anew")


def componentize_py() -> str:
    """The program beside the Python that runs this, as `pip install` puts it."""
    program = Path(sys.executable).parent / "componentize-py"
    if not program.exists():
        fail("componentize-py is not installed beside this Python: pip install componentize-py==0.25.1")
    return str(program)


def fail(message: str) -> Path:
    print(f"narthex_sdk: {message}", file=sys.stderr)
    raise SystemExit(1)


main()
