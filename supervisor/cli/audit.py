"""`mazemesh audit`: who did what."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from mazemesh.cli.options import DATA_DIR, DataDir, Json, errors_as_lines


def audit(
    verify: Annotated[
        bool, typer.Option("--verify", help="Check the chains; status 1 where one is broken.")
    ] = False,
    key: Annotated[str, typer.Option(help="Only lines of this key's id.")] = "",
    last: Annotated[int, typer.Option(min=1, max=1_000_000, help="How many lines.")] = 100,
    data_dir: DataDir = DATA_DIR,
    as_json: Json = False,
) -> None:
    """Who did what: the audit logs in the data folder, by time."""
    from mazemesh.cli.output import print_json, print_table
    from services._harness.access.audit import reading
    from services._harness.access.audit.log import FOLDER

    folder = data_dir / FOLDER
    with errors_as_lines():
        if verify:
            broken, heads = reading.verify(folder), reading.heads(folder)
            if as_json:
                told = [{"file": at.file, "line": at.line, "reason": at.reason} for at in broken]
                print_json({"ok": not broken, "broken": told, "heads": heads})
            else:
                for at in broken:
                    print(f"{at.file}, line {at.line}: {at.reason}")
                for chain, head in sorted(heads.items()):
                    print(f"{chain}: {head['number']} lines, {head['hash']}")
            raise typer.Exit(1 if broken else 0)
        lines = [line for line in reading.lines(folder) if key in ("", line.get("key"))]
    lines = lines[-last:]
    if as_json:
        print_json({"lines": lines})
        return
    columns = ("time", "key", "role", "address", "method", "names", "outcome")
    print_table("audit log", columns, [_audit_row(line) for line in lines])


def _audit_row(line: dict[str, Any]) -> tuple[str, ...]:
    names = " ".join(f"{name}={value}" for name, value in line.get("names", {}).items())
    outcomes = line.get("outcomes", {})
    outcome = line.get("outcome") or " ".join(f"{count} {name}" for name, count in outcomes.items())
    plain = (str(line.get(name, "")) for name in ("time", "key", "role", "address", "method"))
    return (*plain, names, outcome)
