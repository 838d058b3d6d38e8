"""The sink that writes log lines to files."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from pathlib import Path

from obskit.config import Config
from obskit.config.values import level_number
from obskit.logfiles.care import Limits, care, days
from obskit.logfiles.streams import Streams, rules
from obskit.redaction import Plain
from obskit.telemetry.console import to_json
from obskit.telemetry.pipeline import Record


class Files:
    """Writes each record as a line of JSON, as the console does.

    Args:
        config: The configuration; it names a folder.
        folder: The folder.
        service: Fields that every line carries.
    """

    def __init__(self, config: Config, folder: str, service: Mapping[str, Plain]) -> None:
        self._limit = config.log_line_limit
        self._service = service
        path = Path(folder)
        kept = {level_number(level): count for level, count in config.log_keep_days.items()}
        self._streams = Streams(
            path,
            rules(config.log_streams),
            max_bytes=config.log_file_max_bytes if config.log_rotation == "obskit" else 0,
            period=config.log_file_period,
            care=partial(care, path, Limits(days(kept), config.log_folder_max_bytes)),
        )

    def write(self, record: Record) -> None:
        """Write one record.

        Raises:
            OSError: A file could not be written.
        """
        line = to_json(record, self._service, self._limit)
        self._streams.write(f"{line}\n".encode(), record.logger, record.level, record.fields)
