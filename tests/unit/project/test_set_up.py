"""The set-up builds llama.cpp so that it does not crash on a CPU with AMX."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest

FILE = Path(__file__).parents[3] / "tools" / "set_up.py"
LIBRARY = Path("lib", "python3.11", "site-packages", "llama_cpp", "lib", "libggml-cpu.so")


@pytest.fixture
def set_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    spec = importlib.util.spec_from_file_location("set_up", FILE)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    monkeypatch.setattr(module, "ENVIRONMENT", tmp_path)
    monkeypatch.setattr(module, "CPU_FACTS", tmp_path / "cpuinfo")
    (tmp_path / LIBRARY).parent.mkdir(parents=True)
    return module


@pytest.mark.parametrize(
    ("flags", "function", "again"),
    [
        ("avx2 amx_tile amx_int8", b"\0ggml_backend_amx_mul_mat\0", True),
        ("avx2 amx_tile amx_int8", b"\0ggml_mul_mat\0", False),
        ("avx2", b"\0ggml_backend_amx_mul_mat\0", False),
    ],
)
def test_a_build_with_amx_is_made_again_on_a_cpu_with_amx(
    set_up: ModuleType, tmp_path: Path, flags: str, function: bytes, again: bool
) -> None:
    (tmp_path / "cpuinfo").write_text(f"flags\t\t: fpu {flags}\n")
    (tmp_path / LIBRARY).write_bytes(function)
    assert set_up.built_with_amx() is again
    assert ("-mno-amx-tile" in set_up.build_options()) is ("amx_tile" in flags)


def test_a_machine_that_does_not_tell_its_cpu_builds_as_usual(set_up: ModuleType) -> None:
    assert set_up.build_options() == set_up.BUILD_OPTIONS
    assert not set_up.built_with_amx()
