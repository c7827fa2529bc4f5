"""Marks by which a file says how it was made: IPTC's source type, a C2PA manifest, traces of generators' programs.

Anybody can write, change or remove them: they are said and never trusted, no signature is checked, and no mark says
nothing.

References:
    IPTC, NewsCodes "Digital Source Type"; Photo Metadata Standard 2023.2. C2PA, Technical Specification 2.1, sections
    11.1 (manifest store) and A.3 (where files keep it). China's GB 45438-2025 ("AIGC" in metadata).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from data.errors import printable
from data.reading.metadata.found import Metadata
from data.reading.metadata.read import metadata

AI, IN_PART, ALGORITHM, OTHER = "made by AI", "made in part by AI", "made by an algorithm", ""
SOURCE_TYPES = {
    "trainedalgorithmicmedia": AI,
    "trainedalgorithmicdata": AI,
    "compositewithtrainedalgorithmicmedia": IN_PART,
    "compositesynthetic": IN_PART,
    "algorithmicmedia": ALGORITHM,
    "datadrivenmedia": ALGORITHM,
}
GENERATORS = re.compile(
    r"stable[ _-]?diffusion|automatic1111|comfy ?ui|invoke ?ai|novel ?ai|midjourney|dall[ .·•-]?e\b|open ?ai\b|"
    r"chat ?gpt|\bgpt-?(?:4o|image)|\bsora\b|\bimagen\b|\bgemini\b|google[ _]ai\b|nano ?banana|adobe[ _]firefly|"
    r"\bfirefly\b|ideogram|leonardo\.?ai|black forest labs|\bflux\.?1|fooocus|draw ?things|swarm ?ui|diffusers|"
    r"recraft|craiyon|bing image creator|image creator|microsoft designer|nightcafe|runway ?ml|easy ?diffusion|"
    r"stylegan|\bgrok\b|\bxai\b|seedream|jimeng|tensor\.?art|playground ?ai",
    re.IGNORECASE,
)
# The fields of tools for diffusion models, by the keyword of a PNG text.
KEYWORDS = {
    "parameters": "Stable Diffusion tools", "sd-metadata": "InvokeAI", "invokeai_metadata": "InvokeAI",
    "invokeai_graph": "InvokeAI", "invokeai_workflow": "InvokeAI", "dream": "InvokeAI",
    "fooocus_scheme": "Fooocus", "generation_data": "Stable Diffusion tools", "sui_image_params": "SwarmUI",
}  # fmt: skip
SETTINGS = re.compile(r"\bSteps: ?\d+,.{0,400}\b(?:Sampler|CFG scale|Seed): ?", re.DOTALL)
NODES = re.compile(r'"class_type" ?:|"nodes" ?: ?\[')  # of ComfyUI's prompts and workflows
JOB = re.compile(r"\bJob ID: ?[0-9a-f]{8}-[0-9a-f]{4}-")  # as Midjourney writes behind a prompt
MAKERS = {
    "software",
    "creatortool",
    "originatingprogram",
    "source",
    "make",
    "model",
    "credit",
    "generator",
}  # no persons
# XMP, by patterns alone: its markup is never parsed
SOURCE_URI = re.compile(rb"digitalsourcetype/([A-Za-z]{1,60})", re.IGNORECASE)
SOURCE_BARE = re.compile(rb"DigitalSourceType\s{0,9}[=>]\s{0,9}[\"']?\s{0,9}([A-Za-z]{4,60})[\s\"'<]")
XMP_MAKER = re.compile(
    rb"(CreatorTool|Credit|Software|softwareAgent)(?:\s?=\s?[\"']|>)\s{0,99}(?!http)([^<\"'>]{1,200})"
)
AIGC = re.compile(r"AIGC[\"']?\s{0,9}[:>=].{0,40}?Label", re.DOTALL)
CLAIM = re.compile(rb"claim_generator(?:_info)?")
MOST = 2**16  # letters of a text that are looked through
LONGEST = 40  # letters that are shown of a text


@dataclass(frozen=True)
class Mark:
    """One mark in a file.

    Attributes:
        means: What it says, `"made by AI"`, `"made in part by AI"`, `"made by an algorithm"`, or nothing of these.
        words: The mark, where it stands, and that nobody has verified it.
    """

    means: str
    words: str


def marks(data: bytes) -> list[Mark]:
    """Returns the marks in the bytes of a file, each once; none for what is damaged or unknown.

    Args:
        data: The content of a PNG, JPEG, WebP, GIF, TIFF or BMFF file.
    """
    found = metadata(data)
    return list(dict.fromkeys([*_xmp(found), *_c2pa(found), *_texts(found)]))


def sentence(found: list[Mark]) -> str:
    """Returns marks in words: `"marked as made by AI: ..."`; empty for none."""
    parts = []
    for means in (AI, IN_PART, ALGORITHM, OTHER):
        words = [mark.words for mark in found if mark.means == means]
        if words:
            parts.append(f"{f'marked as {means}' if means else 'carries'}: {'; '.join(words)}")
    return "; ".join(parts)


def _source_types(content: bytes) -> Iterator[tuple[str, str]]:
    """Yields what IPTC's codes in a text mean, and the codes, each once."""
    codes = [*SOURCE_URI.findall(content), *SOURCE_BARE.findall(content)]
    for code in dict.fromkeys(code.decode("ascii") for code in codes):
        if code.lower() not in ("http", "https"):
            yield SOURCE_TYPES.get(code.lower(), OTHER), code


def _xmp(found: Metadata) -> Iterator[Mark]:
    for packet in found.xmp:
        # in two bytes for a letter every other one is 0; a comment is no mark
        plain = _without_comments(packet.replace(b"\0", b""))
        for means, code in _source_types(plain):
            yield Mark(means, f"IPTC DigitalSourceType {code} in XMP, unsigned")
        for name, value in XMP_MAKER.findall(plain):
            text = value.decode("utf-8", "replace").strip()
            if GENERATORS.search(text):
                yield Mark(AI, f"XMP {name.decode()} {_quoted(text)}, unsigned")
        if AIGC.search(plain.decode("utf-8", "replace")):
            yield Mark(AI, "label AIGC in XMP, unsigned")


def _without_comments(packet: bytes) -> bytes:
    kept, at = [], 0
    while (start := packet.find(b"<!--", at)) >= 0:
        kept.append(packet[at:start])
        end = packet.find(b"-->", start)
        at = end + 3 if end >= 0 else len(packet)
    return b"".join([*kept, packet[at:]])


def _c2pa(found: Metadata) -> Iterator[Mark]:
    for box in found.c2pa:
        types = list(_source_types(box))
        maker = _claimed(box)
        by = f" of {_quoted(maker)}" if maker else ""
        said = f" that says {', '.join(code for _, code in types)}" if types else ""
        means = [meaning for meaning, _ in types] + [AI if GENERATORS.search(maker.replace("_", " ")) else OTHER]
        first = next(meaning for meaning in (AI, IN_PART, ALGORITHM, OTHER) if meaning in means)
        yield Mark(first, f"C2PA manifest{by}{said}, signature not verified")


def _claimed(box: bytes) -> str:
    """Returns the program that a manifest names, its last one being the active: CBOR's text behind the key."""
    name = ""
    for key in CLAIM.finditer(box):
        near = box[key.end() : key.end() + 300]
        if key.group().endswith(b"_info"):
            near = near[near.find(b"dname") + 5 :] if b"dname" in near[:60] else b""
        name = _cbor_text(near) or name
    return name


def _cbor_text(content: bytes) -> str:
    """Returns the CBOR text that begins here, if one does (RFC 8949, section 3.1: major type 3)."""
    if not content or content[0] >> 5 != 3:
        return ""
    length, start = content[0] & 31, 1
    if length == 24:
        length, start = content[1] if len(content) > 1 else 0, 2
    elif length > 24:
        return ""
    return content[start : start + length].decode("utf-8", "replace")


def _texts(found: Metadata) -> Iterator[Mark]:
    for where, name, text in found.texts:
        low, text = name.lower(), text[:MOST]
        if where == "PNG text" and low in KEYWORDS:
            yield Mark(AI, f"PNG text '{name}' of {KEYWORDS[low]}, unsigned")
        elif where == "PNG text" and low in ("prompt", "workflow"):
            if low == "prompt" or NODES.search(text):
                by = "ComfyUI" if NODES.search(text) else "a generator"
                yield Mark(AI, f"PNG text '{name}' of {by}, unsigned")
        elif SETTINGS.search(text):
            yield Mark(AI, f"settings of Stable Diffusion tools in {where} {name}, unsigned")
        elif JOB.search(text):
            yield Mark(AI, f"a job of Midjourney in {where} {name}, unsigned")
        elif AIGC.search(text) or low == "aigc":
            yield Mark(AI, f"label AIGC in {where} {name}, unsigned")
        elif (low in MAKERS and GENERATORS.search(text)) or (low == "title" and "AI generated" in text):
            yield Mark(AI, f"{where} {name} {_quoted(text)}, unsigned")


def _quoted(text: str) -> str:
    line = printable(" ".join(text.split()))
    return f"'{line[:LONGEST]}…'" if len(line) > LONGEST else f"'{line}'"
