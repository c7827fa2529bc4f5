"""The processor in the keys: what decides the bytes is named, held at a level of all, and refused elsewhere."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from benchmark.machine import instruction_sets, processor, runtime
from benchmark.plan import specs
from benchmark.use import api
from data.errors import UserError

AVX2 = "sse4_1 avx avx2 fma"
AVX512 = f"{AVX2} avx512f avx512bw avx512vl avx512dq"
AMX = f"{AVX512} avx512_vnni avx512_bf16 avx512_fp16 avx_vnni amx_tile amx_int8 amx_bf16"
HOLDING = ("OPENBLAS_CORETYPE", "NPY_DISABLE_CPU_FEATURES")
VARIABLES = ("ONEDNN_MAX_CPU_ISA", "DNNL_MAX_CPU_ISA", processor.VARIABLE, *processor.ARITHMETIC)


@pytest.fixture
def machine(monkeypatch, tmp_path):
    """Makes this process believe that its processor has only these flags; nothing is held or limited."""
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)

    def make(flags: str) -> None:
        path = tmp_path / f"cpuinfo {len(list(tmp_path.iterdir()))}"
        path.write_text(f"vendor_id\t: Made\nmodel\t\t: 7\nflags\t\t: fpu {flags}\n\nprocessor\t: 1\nflags\t\t: fpu\n")
        monkeypatch.setattr(instruction_sets, "CPUINFO", path)

    return make


@pytest.mark.parametrize(
    ("flags", "variables", "units"),
    [
        (AVX2, {}, ""),
        (AVX512, {}, ""),
        (f"{AVX512} avx512_vnni avx512_bf16", {}, "avx512_bf16"),
        (AMX, {}, "avx512_bf16 and amx_bf16"),
        (AMX, {"ONEDNN_MAX_CPU_ISA": "AVX512_CORE_BF16"}, "avx512_bf16"),
        (AMX, {processor.VARIABLE: "avx512", "ONEDNN_MAX_CPU_ISA": "AVX512_CORE"}, ""),
        (AMX, {"TF_ENABLE_ONEDNN_OPTS": "0"}, ""),
        (AMX, {"KERAS_BACKEND": "jax"}, ""),
        (AMX, {"device": "gpu"}, ""),
    ],
)
def test_doctor_advises_bfloat16_where_the_processor_multiplies_in_it(machine, monkeypatch, flags, variables, units):
    from benchmark.cli import doctor

    machine(flags)
    monkeypatch.setenv("KERAS_BACKEND", "tensorflow")
    monkeypatch.setattr(doctor.device, "expected", lambda backend: variables.get("device", doctor.device.CPU))
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    rows = doctor._bfloat16()
    assert [row["name"] for row in rows] == ["bfloat16"] * bool(units)
    if units:
        assert rows[0]["value"].startswith(f'{units}: precision = "mixed_bfloat16" ')
        assert rows[0]["verdict"] == "note"


def has(level: str) -> bool:
    return processor._reaches(level)


@pytest.mark.parametrize(
    ("flags", "variables", "level"),
    [
        (AVX2, {}, "AVX2"),
        (f"{AVX2} avx_vnni", {}, "AVX2_VNNI"),
        (AVX512, {}, "AVX512_CORE"),
        (f"{AVX512} avx512_vnni avx512_bf16", {}, "AVX512_CORE_BF16"),
        (AMX, {}, "AVX512_CORE_AMX"),
        (AMX, {"ONEDNN_MAX_CPU_ISA": "AVX2"}, "AVX2"),
        (AMX, {"DNNL_MAX_CPU_ISA": "avx512_core"}, "AVX512_CORE"),
        (AMX, {"ONEDNN_MAX_CPU_ISA": "AVX", "DNNL_MAX_CPU_ISA": "AVX2"}, "AVX"),
        (AVX512, {"ONEDNN_MAX_CPU_ISA": "AVX2_VNNI"}, "AVX2"),
        (AVX2, {"ONEDNN_MAX_CPU_ISA": "AVX512_CORE"}, "AVX2"),
        (AVX2, {"ONEDNN_MAX_CPU_ISA": "ALL"}, "AVX2"),
        (AVX2, {"ONEDNN_MAX_CPU_ISA": "AVX10_2"}, "AVX2 (AVX10_2)"),
        ("sse4_1", {"ONEDNN_MAX_CPU_ISA": "SSE41"}, "SSE41"),
    ],
)
def test_the_level_that_networks_compute_at(machine, monkeypatch, flags, variables, level):
    machine(flags)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert processor.used("tensorflow").startswith(f"oneDNN {level};")


def test_another_level_is_another_key_for_what_computes(machine, monkeypatch):
    """So a training that was begun at one level does not go on at another."""
    spec = specs.parse({"dataset": {"name": "digits"}, "generator": [{"kind": "gaussian"}]})

    def keys() -> dict[str, str]:
        return {stage.name: stage.key for stage in api.make_plan(spec).stages}

    machine(AMX)
    found = [keys()]
    monkeypatch.setenv("ONEDNN_MAX_CPU_ISA", "AVX2")
    found.append(keys())
    machine(AVX2)
    assert keys() == found[1], "it computes as one that is limited to it"
    monkeypatch.setenv("TF_ENABLE_ONEDNN_OPTS", "0")
    found.append(keys())
    for name in ("train_generator gaussian seed 0", "sample gaussian seed 0"):
        assert len({each[name] for each in found}) == 3
    assert len({each["prepare digits"] for each in found}) == 1, "reading images does not compute"


def test_other_caches_are_another_key_unless_the_level_is_held(machine, monkeypatch, tmp_path):
    def caches(*sizes: str) -> None:
        for index, (level, kind, size) in enumerate(zip("1123", "DIUU", sizes, strict=True)):
            folder = tmp_path / "caches" / f"index{index}"
            folder.mkdir(parents=True, exist_ok=True)
            (folder / "level").write_text(f"{level}\n")
            (folder / "type").write_text({"D": "Data\n", "I": "Instruction\n", "U": "Unified\n"}[kind])
            (folder / "size").write_text(f"{size}\n")

    machine(AMX)
    monkeypatch.setattr(instruction_sets, "CACHES", tmp_path / "caches")
    found = []
    for sizes in (("32K", "32K", "1024K", "8M"), ("48K", "32K", "2048K", "8M"), ("48K", "64K", "2048K", "32M")):
        caches(*sizes)
        found.append([processor.used("tensorflow")])
        with monkeypatch.context() as patch:
            patch.setenv(processor.VARIABLE, "avx2")
            found[-1].append(processor.used("tensorflow"))
    assert found[0][0].endswith("caches 32K+1024K")
    assert len({free for free, _ in found}) == 2
    assert len({fixed for _, fixed in found}) == 1


def test_jax_writes_code_for_a_model_unless_the_level_is_held(machine, monkeypatch):
    machine(AVX2)
    monkeypatch.setenv("KERAS_BACKEND", "jax")
    monkeypatch.delenv("XLA_FLAGS", raising=False)
    assert "XLA for" in runtime.environment(1)["cpu"]
    assert "Made" in runtime.environment(1)["cpu"]
    monkeypatch.setenv(processor.VARIABLE, "avx2")
    here = runtime.environment(1)
    assert "XLA for" not in here["cpu"]
    assert here["xla_flags"].split()[-1] == "--xla_cpu_max_isa=AVX2"


@pytest.mark.parametrize(
    ("flags", "level", "message"),
    [
        (AVX2, "avx512", r"this one has less than avx512\. Expected at most avx2\.$"),
        ("sse4_1", "avx2", r"Expected at most no level\.$"),
        ("", "avx2", r"Expected at most no level\.$"),
        (AMX, "fast", r"must be avx2 or avx512, or not be set\. Received: 'fast'\.$"),
    ],
)
def test_more_than_a_processor_has_cannot_be_asked_for(machine, monkeypatch, flags, level, message):
    machine(flags)
    monkeypatch.setenv(processor.VARIABLE, level)
    with pytest.raises(UserError, match=message):
        runtime.configure()


@pytest.mark.parametrize(
    ("flags", "variables", "refused"),
    [
        (AMX, {}, False),
        (AMX, {processor.VARIABLE: "avx2", "ONEDNN_MAX_CPU_ISA": "AVX2"}, True),
        (AMX, {"ONEDNN_MAX_CPU_ISA": "AVX2"}, True),
        (AMX, {"ONEDNN_MAX_CPU_ISA": "AVX2", "TF_ENABLE_ONEDNN_OPTS": "0"}, False),
        (AMX, {"ONEDNN_MAX_CPU_ISA": "AVX512_CORE"}, False),
        (AVX2, {"ONEDNN_MAX_CPU_ISA": "AVX2"}, False),
    ],
)
def test_bfloat16_that_would_end_the_process_is_refused(machine, monkeypatch, flags, variables, refused):
    monkeypatch.setenv("KERAS_BACKEND", "tensorflow")
    monkeypatch.setenv("FAUXBENCH_DEVICE", "cpu")
    machine(flags)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    rows = [{"kind": "dcgan", "precision": "mixed_bfloat16"}]
    spec = specs.parse({"dataset": {"name": "digits"}, "generator": rows})
    if refused:
        with pytest.raises(UserError, match=r"Expected float32 of 'dcgan', FAUXBENCH_CPU=avx512 or"):
            api.make_plan(spec)
    else:
        api.make_plan(spec)


@pytest.mark.parametrize(
    ("planned", "here", "advice"),
    [
        (AMX, AVX2, "Set FAUXBENCH_CPU=avx2 where the run is started and for every worker"),
        (AMX, AVX512, "Set FAUXBENCH_CPU=avx512 where"),
        (AMX, "sse4_1", "No setting makes these processors agree: both would need AVX2."),
    ],
)
def test_a_worker_of_another_kind_is_refused_with_how_to_agree(machine, planned, here, advice):
    machine(planned)
    wanted = runtime.environment(1)
    assert runtime.difference(wanted) is None
    machine(here)
    with pytest.raises(RuntimeError, match="it was cpu oneDNN") as error:
        runtime.check(wanted)
    assert advice in str(error.value)
    assert "\n" not in str(error.value)


def started(code: str, **variables: str) -> str:
    kept = {name: value for name, value in os.environ.items() if name not in (*VARIABLES, *HOLDING)}
    done = subprocess.run(
        [sys.executable, "-W", "error::ImportWarning", "-c", code],
        capture_output=True, text=True, check=False, env=kept | variables,
    )  # fmt: skip
    return done.stdout.strip() or done.stderr.strip().splitlines()[-1]


SHOW = "from benchmark.machine import processor, runtime; runtime.configure(); print(processor.used('tensorflow'))"


@pytest.mark.skipif(not has("avx2"), reason="this processor has no AVX2")
def test_a_process_that_is_held_computes_at_that_level():
    shown = started(SHOW, FAUXBENCH_CPU="AVX2")
    assert shown.startswith("oneDNN AVX2; OpenBLAS Haswell; NumPy ")
    assert shown.endswith("; held at avx2")
    assert not set(shown.split("; ")[2].split(" ")[1].split("+")) & {"X86_V4", "AVX512F", "AVX512_SKX", "AVX512_ICL"}


@pytest.mark.skipif(not has("avx512"), reason="this processor has no AVX-512")
def test_two_levels_give_other_bytes_and_say_so():
    code = """
import hashlib
import benchmark
import numpy as np
from benchmark.machine import runtime
values = np.random.default_rng(0).normal(size=(200, 300))
made = (values @ values.T).tobytes() + np.exp(values).tobytes()
print(hashlib.sha256(made).hexdigest(), runtime.environment(1)["cpu"])
"""
    shown = [started(code, FAUXBENCH_CPU=level).partition(" ") for level in ("avx2", "avx512", "avx2")]
    assert shown[0] == shown[2]
    assert shown[0][0] != shown[1][0]
    assert "OpenBLAS SkylakeX" in shown[1][2]
    assert shown[1][2].endswith("held at avx512")


@pytest.mark.skipif(not has("avx2"), reason="this processor has no AVX2")
def test_numpy_that_is_loaded_already_cannot_be_held():
    assert "NumPy was loaded before FAUXBENCH_CPU=avx2 could hold it" in started(
        f"import numpy; {SHOW}", FAUXBENCH_CPU="avx2"
    )
