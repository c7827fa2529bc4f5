"""Whether a file can only be this user's: what runs code when it is read is read of such files alone.

A digest that lies beside a file is no defence, since who writes the one writes the other; who owns the file and who
may write it is what the system itself vouches for.
"""

from __future__ import annotations

import grp
import os
import pwd
import stat
from collections.abc import Iterable
from pathlib import Path

from data.errors import UserError

TRUST = "FAUXBENCH_TRUST_STORE"  # "1": what `--trust-store` says; worker processes inherit it
ADVICE = f"If you trust all who can write there, pass --trust-store (or set {TRUST}=1)"
ACL = "system.posix_acl_access"


def trust(wanted: bool) -> None:
    """Says for this process and those that it starts whether the stores of others are trusted; never takes it back."""
    if wanted:
        os.environ[TRUST] = "1"


def trusting() -> bool:
    """Says whether the user trusts the store, whoever can write it."""
    return os.environ.get(TRUST) == "1"


def read(path: Path, what: str) -> bytes:
    """Returns the content of a file that runs code when it is used.

    Args:
        path: The file.
        what: What it is, such as `"a pickle, which runs code when it is read"`.

    Raises:
        UserError: If another user may have written it, and the store is not trusted.
    """
    if not trusting() and (why := exposed(path)):
        raise UserError(f"{path} is {what}, and is not read: {why}. {ADVICE}.")
    return path.read_bytes()


def check_plugin(path: Path, received: Iterable[Path], owner: str) -> None:
    """Checks a plug-in file that a manifest names, before it is imported.

    Args:
        path: The file.
        received: Folders that may be another's work as a whole: the run folder and its store.
        owner: What needs it, such as `"Detector 'mine'"`.

    Raises:
        UserError: If another user may have written it, or it came with the run, and the store is not trusted.
    """
    if trusting():
        return
    path = Path(os.path.realpath(path))
    folder = next((place for place in received if path.is_relative_to(os.path.realpath(place))), None)
    why = f"it lies inside {folder}, which may be another's" if folder else exposed(path, of_system=True)
    if why:
        raise UserError(f"{owner} needs the plug-in file {path}, which is not run: {why}. {ADVICE}.")


def exposed(path: Path, of_system: bool = False) -> str | None:
    """Returns why what stands at a path may be another user's work, or `None` if it can only be this user's.

    The file must be a regular one, it and its folder must be this user's, and nobody else may write to them or to a
    folder above; a folder with the sticky bit, such as `/tmp`, lets others write but not replace.

    Args:
        path: The file.
        of_system: Whether the system's own files, those of root, are good too. Defaults to `False`.
    """
    given, real = Path(os.path.abspath(path)), Path(os.path.realpath(path))  # the first with its links
    for place in dict.fromkeys((given, *given.parents, *(() if given == real else (real, *real.parents)))):
        try:
            seen = os.lstat(place)
        except OSError as error:
            return f"{place} cannot be examined ({error.strerror})"
        inner = place in (given, real, given.parent, real.parent)
        if why := _objection(place, seen, inner and not of_system, place in (given, real)):
            return why
    return None


def _objection(place: Path, seen: os.stat_result, own: bool, is_file: bool) -> str | None:
    link = stat.S_ISLNK(seen.st_mode)
    if seen.st_uid not in ({os.geteuid()} if own else {os.geteuid(), 0}):
        return f"{place} belongs to user {_name(seen.st_uid)}"
    if link:
        return f"{place} is a link" if own or seen.st_uid != 0 else None
    if is_file and not stat.S_ISREG(seen.st_mode):
        return f"{place} is no regular file"
    sticky = stat.S_ISDIR(seen.st_mode) and seen.st_mode & stat.S_ISVTX
    if seen.st_mode & (stat.S_IWOTH | stat.S_IWGRP) and not sticky and not _only_mine(place, seen):
        return f"users other than {_name(seen.st_uid)} can write {place}"
    return None


def _only_mine(place: Path, seen: os.stat_result) -> bool:
    """Says whether all that others may write is left to the user's private group, which many systems give each user."""
    if seen.st_mode & stat.S_IWOTH or _has_acl(place):
        return False
    try:
        me, group = pwd.getpwuid(os.geteuid()), grp.getgrgid(seen.st_gid)
    except KeyError:
        return False
    return group.gr_name == me.pw_name and group.gr_gid == me.pw_gid and set(group.gr_mem) <= {me.pw_name}


def _has_acl(place: Path) -> bool:
    """Says whether the group's bits stand for a list of users, which could name anyone."""
    try:
        return bool(os.getxattr(place, ACL, follow_symlinks=False))
    except (OSError, AttributeError):  # there is none, or the system knows no such lists
        return False


def _name(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)
