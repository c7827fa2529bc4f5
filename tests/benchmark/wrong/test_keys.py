"""Specs that are none: wrong types for every key, names that nothing should have, and files that are no TOML."""

from __future__ import annotations

from collections.abc import Callable

import pytest

TYPES = {
    "name": ("5", "true", "[]", "{}"),
    "description": ("5", "false", "['a']"),
    "dataset": ("5", "'digits'", "[]", "[{}]", "{}"),
    "dataset.name": ("5", "[]", "true"),
    "generator": ("5", "'dcgan'", "{}", "[1]", "['dcgan']", "[[]]", "[{}]"),
    "detector": ("5", "'cnn'", "{}", "[1]", "[{}]"),
    "generator.gaussian.kind": ("5", "[]", "true", "''"),
    "generator.gaussian.id": ("5", "[]", "true"),
    "generator.gaussian.covariance": ("5", "'round'", "[]"),
    "generator.gaussian.conditional": ("1", "'yes'"),
    "generator.gaussian.grid": ("5", "'components'", "[2, 3]", "{components=2}", "{components=[]}", "{components={}}"),
    "detector.linear-pixel.grid": ("true", "[{}]", "{train_on=['some']}"),
    "detector.linear-pixel.kind": ("5", "[]"),
    "detector.linear-pixel.id": ("5", "{}"),
    "detector.linear-pixel.train_on": ("5", "'some'", "['all']"),
    "protocol": ("5", "'fast'", "[]"),
    "protocol.ledger_seed": ("'a'", "[]", "true"),
    "protocol.generator_seeds": ("5", "'a'", "['a']", "{}"),
    "protocol.detector_seeds": ("5", "[[]]", "[true]"),
    "protocol.display_interval": ("'a'", "[]"),
    "protocol.parts": ("5", "'half'", "{test = 'half'}", "{test = []}", "{test = true}"),
    "protocol.threads": ("'a'", "true"),
    "quality": ("5", "true", "[]"),
    "quality.enabled": ("1", "'no'"),
    "quality.n": ("'a'", "[]"),
    "quality.inception_weights": ("5", "[]"),
    "dataset.limit": ("1979-05-27", "07:32:00", "1979-05-27T07:32:00Z", "'a'", "[]", "{}"),
    "dataset.classes": ("5", "'1'", "[[]]", "['eleven']", "[]", "[1, 1]", "[1.5]", "{}"),
}
SAID = {"generator": "generator", "detector": "detector", "protocol.parts": "part", "dataset.classes": "class"}
NAMES = {
    "''": "name=", "' '": "name=", "'..'": "name=", "'.hidden'": "name=", "'a/b'": "name=", "'/tmp'": "name=",
    "'-rf'": "name=", "'=1'": "name=", "'a\\b'": "name=", '"a\\nb"': "name=", '"a\\u202eb"': "name=",
    '"a\\tb"': "name=",
    "'~'": "name=", "'a*'": "name=", f"'{'x' * 101}'": "name=", f"'{'漢' * 99}'": "name=", "'😀'": "name=",
}  # fmt: skip
IDS = [
    "=1+1", "+1", "-1", "@SUM(A1)", "\uff1d1", " ", "", " a", "a ", "a/b", "/", "a\\nb", "a\\rb", "a\\tb",
    "a\\u001bb", "a\\u0007", "a\\u202eb", "a\\u2066b", "a\\u200bb", "\\u200f", "\\u2028", "a\\u0085b", "x" * 1001,
]  # fmt: skip
FILES = {
    "deep.toml": "nested too deep", "deeper.toml": "nested too deep", "dotted.toml": "nested too deep",
    "huge.toml": "1,048,576 bytes", "latin.toml": "not valid TOML", "wide.toml": "not valid TOML",
    "nul.toml": "not valid TOML", "long-number.toml": "not valid TOML", "no-date.toml": "not valid TOML",
    "empty.toml": "lacks 'dataset'", "digits.toml.gz": "not valid TOML", "file": "not valid TOML",
}  # fmt: skip
CHANGES = {
    "novalue": "key=value", "=5": "key=value", " =5": "key=value", ".=5": "empty", "dataset.=5": "empty",
    ".limit=5": "empty", "dataset..limit=5": "empty", "a." * 50 + "b=1": "nested too deep",
    f"dataset.limit={'[' * 3000}": "nested too deep", f"dataset.limit={'[' * 60}{']' * 60}": "nested too deep",
    "name.first=5": "'name' is not a table", "dataset.name.first=5": "'name' is not a table",
    "generator.gaussian=5": "generator.ID.OPTION=value", "generator.gaussian.a.b=5": "Unknown option 'a.b'",
    "generator.gausian.n=5": "Did you mean 'gaussian'", "detector.*.epoch=1": "Unknown option 'epoch'",
    "detecter.x.y=1": "Did you mean 'detector'", "protocol.ledgerseed=1": "Did you mean 'ledger_seed'",
    "quality.enable=true": "Did you mean 'enabled'", "dataset.limt=1": "Did you mean 'limit'",
    "generator.gaussian.component=1": "Did you mean 'components'", "generator.gaussian.random_state=1": "random_state",
    "dataset.name=digts": "Did you mean 'digits'", "dataset.name=digits.py": "digits.py",
    "generator.gaussian.kind=gausian": "Did you mean 'gaussian'", "generator.gaussian.kind=no:Such": "'no'",
    "detector.linear-pixel.kind=linear-pixels": "Did you mean 'linear-pixel'", "generator.gaussian.id=all": "'all'",
    "detector.linear-pixel.kind=mine.py:Mine": "lacks the method", "detector.linear-pixel.kind=mine.py:": "mine.py",
    "generator=[{kind='noise'}, {kind='noise'}]": "Two generators are called 'noise'",
    "detector=[{kind='cnn'}, {kind='dct-cnn', id='cnn'}]": "Two detectors are called 'cnn'",
    "generator=[{kind='gaussian', id='real-copy'}]": "Two generators are called 'real-copy'",
    "generator=[{kind='gaussian', grid={n=[1]}}, {kind='noise', id='gaussian-n-1'}]": "are called 'gaussian-n-1'",
    "generator=[{kind='gaussian', grid={components=[2, 2.0]}}]": "a value twice",
    "generator=[{kind='gaussian', grid={components=[2]}, components=3}]": "stands beside it too",
    "generator=[{kind='gaussian', grid={component=[2]}}]": "of generator 'gaussian-component-2'. Did you mean",
    "generator=[{kind='gaussian', grid={components=['two']}}]": "of generator 'gaussian-components-two' must be",
    "generator=[{kind='gaussian', grid={kind=['noise']}}]": "no option",
    "generator.gaussian.grid={components=[{n=1}]}": "may not have tables",
    "generator.gaussian.grid.components=3": "must be a list", "generator.*.grid.components=[]": "at least one value",
    "generator.gaussian.grid={a=[1,2,3,4], b=[1,2,3,4], c=[1,2,3,4], d=[1,2,3,4], e=[1,2,3,4]}": "1,024 combinations",
    "generator=[{kind='dcgan', learning_rate=inf}]": "finite number",
    "generator=[{kind='dcgan', learning_rate=nan}]": "finite number",
    "generator=[{kind='dcgan', beta_1=1.5}]": "beta_1",
    "generator=[{kind='dcgan', epochs=9223372036854775808}]": "finite",
    "generator=[{kind='dcgan', architecture='smal'}]": "small", "detector=[{kind='external'}]": "Missing option 'path'",
    "generator=[{kind='folder'}]": "Missing option 'path'", "dataset={name='folder'}": "Missing option 'path'",
    "dataset={name='folder', path='real', mixed='maybe'}": "mixed", "dataset={name='celeba', size=4}": "size=4",
}  # fmt: skip
INPUTS = [
    *((f"{key}={value}", SAID.get(key, key.split(".")[-1])) for key, values in TYPES.items() for value in values),
    *((f"name={value}", said) for value, said in NAMES.items()),
    *((f'generator.gaussian.id="{name}"', "id=") for name in IDS if name),
    *((f'detector.linear-pixel.id="{name}"', "id=") for name in IDS[:12] if name),
    *CHANGES.items(),
]  # fmt: skip
INPUTS = (
    [(["plan", "spec.toml", "--set", change], said) for change, said in INPUTS]
    + [(["run", file], said) for file, said in FILES.items()]
    + [
        (["run", "spec.toml", "--set", "protocol.parts={tset = 0.5}"], "Unknown part 'tset'"),
        (["run", "spec.toml", "--set", "protocol.parts={test = 5000}"], "5,000 images"),
        (["run", "spec.toml", "--set", 'generator.gaussian.id="a\\u0000b"'], "NUL"),
    ]
)


@pytest.mark.parametrize(
    ("arguments", "said"), INPUTS, ids=lambda value: ascii(" ".join(value)[5:60]) if isinstance(value, list) else ""
)
def test_spec(wrong: Callable[..., str], arguments: list[str], said: str) -> None:
    assert said in wrong(*arguments)
