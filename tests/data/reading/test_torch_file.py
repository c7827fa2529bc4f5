"""PyTorch's files are read without PyTorch: what it wrote is read, and what no honest file holds is refused."""

from __future__ import annotations

import base64
import io
import pickle
import sys
import tracemalloc
import types
import zipfile
import zlib
from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from data.errors import UserError
from data.reading import torch_file
from data.reading.safe_read import read_member
from data.reading.torch_file import MAGIC, MAX_FILE, read_torch

# What PyTorch 2.15 wrote of the tensors in WANTED, packed: in the form from before 1.6, and in the zip of today.
OLD = (
    "c-nPR%Wl&^6dga3fJsYuQ=Z}N@Cc3_wdsatQB_FhRkQI1S*|nG2G^5ok1If`lub+F8(6U9Gx{lP`2&zxaP3Khg2G5=M)%IlIcM&jk^EV"
    "Ue}7r~)qL~q#X@@|KmDQLyaPmc8-$Qy$~X&H>}}IDi&z2@9&qPyCyqFesYjDR<R>8SyBa3>`yutR=mX6_*#T8|E11kemU5`rva4VeB^;"
    "`@>Z%0?OE#fqt9g!^0m{TQ;HZ*m&(i@->0mVqxCW%<fTX)sys_o;G<pYez*!oEZ7=6hoM~Q4H}WVRc$_8~OTBGV14Y-}TA_|7{Y?t0xT"
    "3Aa%;zsfQiF;+k7t&<rq#1L-9^jlm<Ci!qrosoZ}n#!j;!0nmThGZj@pVX?Sb|wEIb|KP<LRid}Qo%n!<dDvY{Hzq&*%Ay2iR)6?7*A-"
    "AO@rio<CK&Xko2{rEMU6>MYUk1;jzeeSP7*XkJN(sHj0=TSgLfrZlVE?lssUAQR7FLAi+z?IT#z;bND)hYHT*op~zbK1UXELn?i4cR4R"
    "zmDv!mSDZX;idz(O3QEQki+f&G-l|h{uad&X>eysca`NEF`X#u{}#?Lde9mx-!0xH6&1TDmixlR0}gEm9`2Wc@ew)>n8lBJRs7-^FOg="
    "6$g^6e%qp`=+Y%9@HeL^7F@CPpr{d8goK^_wBSwg?hy%oT1nCpfKr|6XUp~CjBL{x~Q~~CB"
)
NEW = (
    "c-o~^yKmD#7{9!nV4yD^g#zVOAmx$9PSYf9A(e$JBqPxVfub&vo0!JJjq^E|@>(iE3v8@N2r<H6z}lIu5>yNfAO^(5z{1F#-5Q^xG(at"
    "Vv25M%;mh~?ZdwV25sJl7%hiMWkZP5y`l2>cQL&n+-!^2a3(YduQm|Y$4MQtq-K;hEYgR?Gw8~|@jCnxA1qj5893fj!v8CUIU>Tc)GEr"
    "(`-DvP7OPg!zMx}(cTEnzTiy{x9c)S=Thz41y&T9~MAiQjtD!%T#<RMZFkTpr*iXn0@*P9Skc43IkC`bt^p%vJngp|Mv@K3AM#ZC;n3b"
    "4BvA&U(aYZi1>iBL6Mja0d+4eg#$I0xF}Kzki%ABH^z*jpsKgsQ4>3-&q44O>^pE7#S2+m!(QgffWXfbC`(4l03V7;xwgVK`iXBes*W*"
    "{oq0WcaR{wRxBCsLdzBF~S$XaGdZB4?8?3Fq|yFkZtR>R>yFv&DPdcOI^^&C-ZQcQMzn4=M2r&I%8|4Ans@lQ||$~4`-d*IY;+Ah6@Eq"
    "Jh2}}9z(JKLNhU~L}TM=`2!b3h}Lx5uIfi=x2qDjOp7!|X;HHpq<dsZ@HN+8TmqGT`{UC?>Yi46=>e4aBfZgHCDqX9YYSQp%Tns!)n{k"
    "NMyY}P9r#W@8wIyC(2Me}fw_BFGig|4Y2tr$H!nlS*wCnl<%?er(x`D;dgwxzm{gA>WodjH1{~I<OXMey&=jd9Qm;s@lKM;vO_5nb>KL"
    "iy6m|Og`_Fet8s831_p(j}S?XzVin3^xaz1)fd`7bn?!Y<4a*DDvxt;Bwjczbg5B2qLCKZi!@G!}GNXb$bZEyd7<*ELc=f}G{>vy9GSK"
    "m!u=6?;Oc&fbia{fl={vSl*p8(pQ-q0+aB=EjUPmhvbk)^~x8WED2Om<Anh`CHImraifV`5qmv!fXyDW<Zbn9k;MWXTwHiOm;7apEIxy"
    "9`jXu21ju>S=NAKL`D2?*Qs&kT-*<-MsUYc!$UUL$c;2X_;Jp9`7LNWq1l9)H;CtaBn)h82EY!`DTY7>rEkxT?+fKf*<Qm4~u>8$BKTe"
    "xAR#nJ!sjq`LW*K?PjnaJ=iw?nYX0|*}djahi0EvIPUyrG(s0#B=5UF3~q#++Z;8VJ#`-JaGsr0FTyz(-d^vl{SDUKFmw"
)
WANTED = {
    "matrix": np.array([[0, 0.25, 0.5], [0.75, 1, 1.25]], np.float32),
    "later": np.array([[1.5, 1.75, 2], [2.25, 2.5, 2.75]], np.float32),  # in the same storage as the matrix
    "half": np.array([0.5, -2], np.float16),
    "count": np.array(7),
    "kept": np.array([[1.5]]),  # a parameter
}


def unpacked(text: str) -> bytes:
    return zlib.decompress(base64.b85decode(text))


@pytest.mark.parametrize("text", [OLD, NEW], ids=["old", "new"])
def test_reads_what_pytorch_wrote(tmp_path: Path, text: str) -> None:
    path = tmp_path / "weights.pth"
    path.write_bytes(unpacked(text))
    found = read_torch(path)
    assert list(found) == list(WANTED)
    for name, array in WANTED.items():
        assert found[name].dtype == array.dtype
        np.testing.assert_array_equal(found[name], array)


@pytest.mark.parametrize("text", [OLD, NEW], ids=["old", "new"])
@pytest.mark.parametrize("share", [0.0, 0.1, 0.3, 0.5, 0.7, 0.9, 0.99])
def test_a_file_that_is_cut_short_is_refused(tmp_path: Path, text: str, share: float) -> None:
    data = unpacked(text)
    assert "weights.pth" in refused(tmp_path, data[: int(share * len(data))])


@pytest.mark.parametrize("text", [OLD, NEW], ids=["old", "new"])
def test_altered_bytes_never_raise_anything_but_a_line_for_the_user(tmp_path: Path, text: str) -> None:
    data = unpacked(text)
    path = tmp_path / "weights.pth"
    said = []
    for at in range(0, len(data), 3):
        path.write_bytes(data[:at] + bytes([data[at] ^ 0x55]) + data[at + 1 :])
        try:
            read_torch(path)
        except UserError as error:
            said.append(str(error))
    assert len(said) > len(data) / 9
    assert not [line for line in said if "\n" in line]


def refused(folder: Path, data: bytes) -> str:
    path = folder / "weights.pth"
    path.write_bytes(data)
    with pytest.raises(UserError) as raised:
        read_torch(path)
    assert "\n" not in str(raised.value)
    return str(raised.value)


class Call:
    """What a pickle writes as a call of a global by its name."""

    def __init__(self, function: Callable, *arguments: object) -> None:
        self.function, self.arguments = function, arguments

    def __reduce__(self) -> tuple:
        return self.function, self.arguments


class Stored(pickle.Pickler):
    """Writes a tuple that begins with "storage" as PyTorch refers to numbers."""

    def persistent_id(self, value: object) -> object:
        return value if isinstance(value, tuple) and value[:1] == ("storage",) else None


@pytest.fixture
def tensor(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Call]:
    """Makes what a pickle holds of a tensor, forged at will, from modules that only have PyTorch's names."""
    torch, utils = types.ModuleType("torch"), types.ModuleType("torch._utils")

    def _rebuild_tensor_v2(*arguments: object) -> None: ...

    _rebuild_tensor_v2.__module__, _rebuild_tensor_v2.__qualname__ = "torch._utils", "_rebuild_tensor_v2"
    utils._rebuild_tensor_v2 = _rebuild_tensor_v2
    torch.FloatStorage = type("FloatStorage", (), {"__module__": "torch"})
    monkeypatch.setitem(sys.modules, "torch", torch)
    monkeypatch.setitem(sys.modules, "torch._utils", utils)

    def make(start: int, shape: tuple, strides: tuple, count: int = 4, tag: str = "0") -> Call:
        place = ("storage", torch.FloatStorage, tag, "cpu", count)
        return Call(_rebuild_tensor_v2, place, start, shape, strides, False, OrderedDict())

    return make


def zipped(value: object, numbers: bytes = bytes(16), *, order: bytes = b"little") -> bytes:
    text, file = io.BytesIO(), io.BytesIO()
    Stored(text, protocol=2).dump(value)
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("archive/data.pkl", text.getvalue())
        archive.writestr("archive/byteorder", order)
        archive.writestr("archive/data/0", numbers)
    return file.getvalue()


def test_the_forged_tensors_of_these_tests_are_read_where_they_are_honest(tmp_path: Path, tensor) -> None:
    path = tmp_path / "weights.pth"
    path.write_bytes(zipped({"a": tensor(2, (1, 2), (2, 1))}, np.arange(4, dtype="<f4").tobytes()))
    np.testing.assert_array_equal(read_torch(path)["a"], [[2, 3]])


@pytest.mark.parametrize("axes", [(0, 1, 2), (2, 0, 1), (1, 2, 0), (2, 1, 0)])
def test_axes_may_lie_in_any_order(tmp_path: Path, tensor, axes: tuple[int, ...]) -> None:
    stored = np.arange(6, dtype="<f4").reshape(3, 1, 2)
    wanted = stored.transpose(axes)
    strides = tuple(step // stored.itemsize for step in wanted.strides)
    path = tmp_path / "weights.pth"
    path.write_bytes(zipped({"a": tensor(0, wanted.shape, strides, 6)}, stored.tobytes()))
    np.testing.assert_array_equal(read_torch(path)["a"], wanted)


@pytest.mark.parametrize(
    ("place", "said"),
    [
        ((0, (5,), (1,)), "outside its storage"),
        ((3, (2,), (1,)), "outside its storage"),
        ((-1, (2,), (1,)), "outside its storage"),
        ((0, (-1,), (1,)), "outside its storage"),
        ((0, (10**9, 10**9), (10**9, 1)), "outside its storage"),
        ((0, (10**6,), (0,)), "gaps or repetitions"),
        ((0, (2, 2), (1, 1)), "gaps or repetitions"),
        ((0, (2,), (2,)), "gaps or repetitions"),
        ((0, (2, 2), (-2, 1)), "gaps or repetitions"),
        ((0, (2, 2), (1,)), "tensors"),
        ((0, (4,), (1,), 8), "cut short"),
        ((0, (4,), (1,), 4, "../../secret"), "does not exist"),
    ],
)
def test_a_tensor_stays_inside_its_numbers(tmp_path: Path, tensor, place: tuple, said: str) -> None:
    assert said in refused(tmp_path, zipped({"a": tensor(*place)}))


def test_nothing_that_a_file_names_is_called(tmp_path: Path) -> None:
    trap = tmp_path / "trap"
    for value in (Call(Path.touch, trap), {"a": Call(Path.touch, trap)}, Call(eval, "1")):
        said = refused(tmp_path, zipped(value))
        assert "asks to call" in said
        old = b"".join(pickle.dumps(each, 2) for each in (MAGIC, 1001, {"little_endian": True}, value))
        assert "asks to call" in refused(tmp_path, old)
    assert not trap.exists()


@pytest.mark.parametrize("value", [[1, 2], 3, {"a": 1}, {"a": [1.0]}, None])
def test_what_is_no_dictionary_of_tensors_is_refused(tmp_path: Path, value: object) -> None:
    assert "something else than a dictionary of tensors" in refused(tmp_path, zipped(value))


def test_what_unpacks_to_more_than_a_file_may_hold_is_refused_before_it_is_read(tmp_path: Path, tensor) -> None:
    """Each member is within its own limits: 60 MiB, packed a hundred times."""
    block = np.random.default_rng(0).bytes(1400) + bytes(2**17)
    data = (block * (60 * 2**20 // len(block) + 1))[: 60 * 2**20]
    text = io.BytesIO()
    Stored(text, protocol=2).dump(
        {f"t{i}": tensor(0, (len(data) // 4,), (1,), len(data) // 4, f"{i}") for i in range(5)}
    )
    path = tmp_path / "packed.pth"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("archive/data.pkl", text.getvalue())
        for i in range(5):
            archive.writestr(f"archive/data/{i}", data)
    assert path.stat().st_size < 2**22
    tracemalloc.start()
    with pytest.raises(UserError, match=r"unpacks to too much. Allowed: 268,435,456 bytes in all. Received: 314,5"):
        read_torch(path)
    assert tracemalloc.get_traced_memory()[1] < 2**22
    tracemalloc.stop()


def test_a_storage_that_tensors_share_is_read_once(tmp_path: Path, tensor, monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[str] = []

    def counted(archive: zipfile.ZipFile, member: str) -> bytes:
        read.append(member)
        return read_member(archive, member)

    monkeypatch.setattr(torch_file, "read_member", counted)
    (tmp_path / "shared.pth").write_bytes(zipped({f"t{i}": tensor(0, (4,), (1,)) for i in range(9)}))
    assert len(read_torch(tmp_path / "shared.pth")) == 9
    assert read.count("archive/data/0") == 1


def test_other_files_are_refused(tmp_path: Path, tensor) -> None:
    assert "tensors" in refused(tmp_path, b"")
    assert "tensors" in refused(tmp_path, b"PK nonsense") or "zip" in refused(tmp_path, b"PK nonsense")
    assert "does not begin" in refused(tmp_path, pickle.dumps(1, 2))
    assert "big-endian" in refused(tmp_path, zipped({"a": tensor(0, (4,), (1,))}, order=b"big"))
    with pytest.raises(UserError, match="No such file"):
        read_torch(tmp_path / "nowhere.pth")
    with (tmp_path / "large.pth").open("wb") as file:
        file.truncate(MAX_FILE + 1)
    with pytest.raises(UserError, match="too large"):
        read_torch(tmp_path / "large.pth")
