"""TensorBoard, as the forwarder uses it: event files, without TensorFlow and without torch.

What is sent again after a failure is in the files twice, at the same step and time: TensorBoard
draws one point over the other.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from learner.record.destinations.destination import Lines, flatten

if TYPE_CHECKING:
    from tensorboard.summary.writer.event_file_writer import EventFileWriter


class TensorBoard:
    """Runs as folders of event files: `tensorboard --logdir FOLDER` shows them.

    Args:
        folder: Of all runs.
    """

    def __init__(self, folder: Path) -> None:
        from tensorboard.summary.writer.event_file_writer import EventFileWriter

        self._make = EventFileWriter
        self._folder = folder
        self._writer: EventFileWriter | None = None

    def begin(self, description: Mapping[str, Any]) -> str:
        """A folder by the policy's name and the run's id, with the settings as a table."""
        name = re.sub(r"[^A-Za-z0-9._-]", "_", str(description["policy"]))
        run_id = f"{name}-{str(description['run_id'])[:8]}"
        rows = [f"| {key} | {_cell(value)} |" for key, value in flatten(description).items()]
        self._text(run_id, "settings", "\n".join(["| setting | value |", "|---|---|", *rows]), 0)
        return run_id

    def send(self, run_id: str, lines: Lines) -> None:
        """The step of a scalar is the agent steps of its line."""
        from tensorboard.compat.proto.event_pb2 import Event
        from tensorboard.compat.proto.summary_pb2 import Summary

        writer = self._opened(run_id)
        for line in lines:
            scalars = [
                Summary.Value(tag=name, simple_value=float(value))
                for name, value in line.items()
                if name not in ("time", "agent_steps")
            ]
            writer.add_event(
                Event(
                    wall_time=line["time"],
                    step=int(line["agent_steps"]),
                    summary=Summary(value=scalars),
                )
            )
        writer.flush()

    def keep(self, run_id: str, snapshots: Sequence[Mapping[str, Any]], data: bytes | None) -> None:
        """The file beside the events, policies/NAME-VERSION.onnx, and the lineage as text."""
        newest = snapshots[-1]
        if data is not None:
            folder = self._folder / run_id / "policies"
            folder.mkdir(parents=True, exist_ok=True)
            (folder / f"{str(newest['policy']).replace(':', '-')}.onnx").write_bytes(data)
        lineage = json.dumps(list(snapshots), indent=2)
        text = "\n".join(f"    {line}" for line in lineage.splitlines())
        self._text(run_id, "lineage", text, int(newest.get("agent_steps", 0)))

    def close(self) -> None:
        """Closes the event file."""
        if self._writer is not None:
            self._writer.close()

    def _opened(self, run_id: str) -> EventFileWriter:
        if self._writer is None:
            self._writer = self._make(str(self._folder / run_id))
        return self._writer

    def _text(self, run_id: str, tag: str, text: str, step: int) -> None:
        import time

        from tensorboard.compat.proto.event_pb2 import Event
        from tensorboard.compat.proto.summary_pb2 import Summary, SummaryMetadata
        from tensorboard.compat.proto.tensor_pb2 import TensorProto
        from tensorboard.compat.proto.tensor_shape_pb2 import TensorShapeProto

        value = Summary.Value(
            tag=f"{tag}/text_summary",
            metadata=SummaryMetadata(plugin_data=SummaryMetadata.PluginData(plugin_name="text")),
            tensor=TensorProto(
                dtype="DT_STRING",
                string_val=[text.encode()],
                tensor_shape=TensorShapeProto(dim=[TensorShapeProto.Dim(size=1)]),
            ),
        )
        writer = self._opened(run_id)
        summary = Summary(value=[value])
        writer.add_event(Event(wall_time=time.time(), step=step, summary=summary))
        writer.flush()


def _cell(value: object) -> str:
    return str(value).replace("|", "\\|").replace("\n", " ")
