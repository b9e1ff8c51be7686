"""scikit-build-core, told the platform tag of the wheel, which it leaves to other tools."""

from __future__ import annotations

import platform
from typing import Any

from scikit_build_core import build
from scikit_build_core.build import *  # noqa: F403


def tagged(settings: dict[str, Any] | None) -> dict[str, Any]:
    """A wheel runs where the glibc of its machine does, and later. What is built with 2.36 (Debian
    12) gets along with 2.34 (RHEL 9), to which tests/test_wheel.py holds it."""
    library, version = platform.libc_ver()
    if library != "glibc":
        return settings or {}
    minor = int(version.split(".")[1])
    if minor in (35, 36):
        minor = 34
    tag = f"py3-none-manylinux_2_{minor}_{platform.machine()}"
    return {"wheel.tags": tag, **(settings or {})}


def build_wheel(
    wheel_directory: str, config_settings: Any = None, metadata_directory: str | None = None
) -> str:
    return build.build_wheel(wheel_directory, tagged(config_settings), metadata_directory)


def prepare_metadata_for_build_wheel(metadata_directory: str, config_settings: Any = None) -> str:
    return build.prepare_metadata_for_build_wheel(metadata_directory, tagged(config_settings))
