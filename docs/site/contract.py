"""Pages of the contract, made of the comments of the .proto files, which are its specification.

A page says where: `<!-- contract: mazemesh/v1/replay.proto -->` becomes all that the file defines,
in its order, with its comments as Markdown. Messages and enums are targets (`proto-table`), so that
each mention as a type is a link.
"""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from google.protobuf.descriptor_pb2 import (
    DescriptorProto,
    EnumDescriptorProto,
    FieldDescriptorProto,
    FileDescriptorProto,
    FileDescriptorSet,
    MethodDescriptorProto,
    ServiceDescriptorProto,
)
from sphinx.application import Sphinx

DOCS = Path(__file__).parents[1]
PROTO = DOCS.parent / "proto"
PLACE = re.compile(r"<!-- contract: (\S+) -->")
CODE = re.compile(r"(`[^`]*`)")
OPENING = re.compile(r"(?<!\\)([<*_\[\]])")

Where = tuple[int, ...]
# Numbers of descriptor.proto, by which a comment says where it belongs.
SERVICES, MESSAGES, ENUMS = 6, 4, 5
METHODS, FIELDS, NESTED, NESTED_ENUMS, VALUES, ONEOFS = 2, 2, 3, 4, 2, 8


@cache
def pages() -> dict[str, str]:
    """The page of each file: "proto/mazemesh/v1/replay.proto" -> "reference/contract/replay"."""
    made = {}
    for page in sorted((DOCS / "reference" / "contract").glob("*.md")):
        for file in PLACE.findall(page.read_text(encoding="utf-8")):
            made[f"proto/{file}"] = page.relative_to(DOCS).with_suffix("").as_posix()
    return made


def page_of(path: str) -> str:
    """The page of a file or folder of the repository, without its suffix; "" if there is none."""
    if path == "proto/mazemesh/v1":
        return "reference/contract/index"
    return pages().get(path, "")


@cache
def files() -> dict[str, FileDescriptorProto]:
    """All of the contract, with its comments."""
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "contract.binpb"
        names = sorted(path.relative_to(PROTO).as_posix() for path in PROTO.rglob("*.proto"))
        subprocess.run(  # noqa: S603 - our own compiler on our own files
            [
                *(sys.executable, "-m", "grpc_tools.protoc", "-I", str(PROTO)),
                *("--include_source_info", f"--descriptor_set_out={out}", *names),
            ],
            check=True,
            timeout=120,
        )
        read = FileDescriptorSet.FromString(out.read_bytes())
    return {file.name: file for file in read.file}


class Written:
    """A file as Markdown."""

    def __init__(self, file: FileDescriptorProto) -> None:
        self._file = file
        self._told = {
            tuple(place.path): (place.leading_comments or place.trailing_comments)
            for place in file.source_code_info.location
        }

    def lines(self) -> Iterator[str]:
        """Services first, then messages and enums, each in the file's order."""
        for i, service in enumerate(self._file.service):
            yield from self._service(service, (SERVICES, i))
        for i, message in enumerate(self._file.message_type):
            yield from self._message(message, (MESSAGES, i), message.name)
        for i, enum in enumerate(self._file.enum_type):
            yield from self._enum(enum, (ENUMS, i), enum.name)

    def _comment(self, where: Where) -> list[str]:
        lines: list[str] = []
        listed = False
        for line in self._told.get(where, "").splitlines():
            line = line.removeprefix(" ")
            bullet = line.startswith(("- ", "* "))
            if listed and line and not bullet and not line.startswith(" "):
                lines.append("")  # what is not indented is no part of a list
            listed = bullet or (listed and line[:1] in ("", " "))
            lines.append(escaped(line))
        return lines

    def _service(self, service: ServiceDescriptorProto, where: Where) -> Iterator[str]:
        yield from ("", f"({target(self._file.package, service.name)})=", f"## {service.name}", "")
        yield from self._comment(where)
        for i, method in enumerate(service.method):
            yield from self._method(method, (*where, METHODS, i))

    def _method(self, method: MethodDescriptorProto, where: Where) -> Iterator[str]:
        yield from ("", f"### {method.name}", "")
        takes = ("a stream of " if method.client_streaming else "") + link(method.input_type)
        gives = ("a stream of " if method.server_streaming else "") + link(method.output_type)
        yield from (f"{takes} → {gives}", "")
        yield from self._comment(where)

    def _message(self, message: DescriptorProto, where: Where, name: str) -> Iterator[str]:
        if message.options.map_entry:
            return
        yield from ("", f"({target(self._file.package, name)})=", f"## {name}", "")
        yield from self._comment(where)
        yield ""
        for i, field in enumerate(message.field):
            kind = typed(field, message)
            one = ""
            if field.HasField("oneof_index") and not field.proto3_optional:
                one = f", one of `{message.oneof_decl[field.oneof_index].name}`"
            yield f"- `{field.name}` = {field.number}, {kind}{one}"
            yield from indented(self._comment((*where, FIELDS, i)))
        for i, oneof in enumerate(message.oneof_decl):
            if told := self._comment((*where, ONEOFS, i)):
                yield f"- one of `{oneof.name}`"
                yield from indented(told)
        for i, nested in enumerate(message.nested_type):
            yield from self._message(nested, (*where, NESTED, i), f"{name}.{nested.name}")
        for i, enum in enumerate(message.enum_type):
            yield from self._enum(enum, (*where, NESTED_ENUMS, i), f"{name}.{enum.name}")

    def _enum(self, enum: EnumDescriptorProto, where: Where, name: str) -> Iterator[str]:
        yield from ("", f"({target(self._file.package, name)})=", f"## {name}", "")
        yield from self._comment(where)
        yield ""
        for i, value in enumerate(enum.value):
            yield f"- `{value.name}` = {value.number}"
            yield from indented(self._comment((*where, VALUES, i)))


def typed(field: FieldDescriptorProto, message: DescriptorProto) -> str:
    """The type of a field, as the contract writes it."""
    if field.type_name:
        for entry in message.nested_type:
            if entry.options.map_entry and field.type_name.endswith(
                f".{message.name}.{entry.name}"
            ):
                key, value = entry.field
                return f"map of {typed(key, entry)} to {typed(value, entry)}"
        kind = link(field.type_name)
    else:
        kind = FieldDescriptorProto.Type.Name(field.type).removeprefix("TYPE_").lower()
    if field.label == FieldDescriptorProto.LABEL_REPEATED:
        return f"repeated {kind}"
    return f"optional {kind}" if field.proto3_optional else kind


def link(type_name: str) -> str:
    """A type, linked to where it stands if it is of the contract: ".mazemesh.v1.Table"."""
    for package in {file.package for file in files().values()}:
        if type_name.startswith(f".{package}."):
            name = type_name.removeprefix(f".{package}.")
            return f"[{name}](#{target(package, name)})"
    return f"`{type_name.removeprefix('.')}`"


def target(package: str, name: str) -> str:
    """What a message or enum is linked to by: "Table.Column" -> "proto-table-column"."""
    prefix = "proto" if package == "mazemesh.v1" else package
    return f"{prefix} {name}".lower().replace(".", "-").replace(" ", "-")


def escaped(line: str) -> str:
    """A line of a comment without what Markdown would take for markup, but for code and lists."""
    bullet = re.match(r"\s*(?:[-*] )?", line)
    assert bullet is not None
    head, rest = bullet[0], line[bullet.end() :]
    parts = CODE.split(rest)
    return head + "".join(
        part if part.startswith("`") else OPENING.sub(r"\\\1", part) for part in parts
    )


def indented(lines: list[str]) -> Iterator[str]:
    """A comment inside a list's item."""
    if lines:
        yield ""
        yield from (f"  {line}" if line else "" for line in lines)
        yield ""


def put(app: Sphinx, name: str, source: list[str]) -> None:
    """Puts what is made where a page says so."""
    source[0] = PLACE.sub(lambda found: "\n".join(Written(files()[found[1]]).lines()), source[0])


def setup(app: Sphinx) -> dict[str, bool]:
    """What Sphinx asks of an extension."""
    app.connect("source-read", put)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
