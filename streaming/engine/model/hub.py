"""Model files from a hub: `hf://owner/repo[@revision]/path/to/file.gguf`, through huggingface-hub.

The file is stored in that library's own cache, and its settings keep their meaning: HF_HOME, HF_TOKEN, HF_ENDPOINT,
HF_HUB_OFFLINE. A cached file is used without a request to the hub, so that a restart of the service never depends on
one; a branch (`main` when no revision is named) is in the state of the last `pull`.

The library is imported where it is used: the import takes half a second, and only users of a hub should wait for it.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from streaming.engine.model.download import SHA256, cache, download
from streaming.engine.model.split import part_names
from streaming.errors import ModelError

SCHEME = "hf://"
_FORM = "hf://owner/repo/file.gguf, or hf://owner/repo@revision/file.gguf"


@dataclass(frozen=True)
class Reference:
    """A file on a hub; `revision` is a branch, a tag or a commit."""

    repo: str
    revision: str
    path: str

    def __str__(self) -> str:
        revision = "" if self.revision == "main" else f"@{self.revision.replace('/', '%2F')}"
        return f"{SCHEME}{self.repo}{revision}/{self.path}"


@dataclass(frozen=True)
class Cached:
    """A model in the cache: its reference, its first file, the bytes of all its files."""

    reference: str
    path: Path
    bytes: int


def parse(reference: str) -> Reference:
    """Return the parts of a reference; raises `ModelError` for another form, or a file that is no .gguf file."""
    from huggingface_hub import parse_hf_uri
    from huggingface_hub.errors import HfUriError

    try:
        uri = parse_hf_uri(reference)
    except HfUriError as error:
        raise ModelError(f"{reference} does not name a file on a hub; write {_FORM}.") from error
    if uri.type != "model" or not uri.path_in_repo.endswith(".gguf") or ".." in uri.path_in_repo.split("/"):
        raise ModelError(f"{reference} does not name a .gguf file of a model; write {_FORM}.")
    return Reference(uri.id, uri.revision or "main", uri.path_in_repo)


def fetch(reference: str) -> Path:
    """Return the path of the file that `reference` names, downloading what is not in the cache.

    For a split model this is the first part, and all other parts are beside it. Raises `ModelError`.
    """
    return _fetch(parse(reference), ask=False)


def pull(reference: str) -> Path:
    """As `fetch`, but first ask the hub for the current revision; raises `HubUnreachable` when it does not answer."""
    return _fetch(parse(reference), ask=True)


def cached(reference: str) -> Path | None:
    """Return the path of the file that `reference` names if the cache has all its parts; no request is made."""
    parsed = parse(reference)
    first, *others = part_names(parsed.path)
    path = _in_cache(parsed.repo, first, parsed.revision)
    if path and all(_in_cache(parsed.repo, other, _commit(path, first)) for other in others):
        return path
    return None


def verify(path: Path, sha256: str) -> None:
    """Compare the SHA-256 of a cached file with the hub's; raises `ModelError`, and removes a file that differs."""
    blob = path.resolve()
    # The cache stores a file under its ETag and links to it by name; without links there is no checksum to compare.
    if not path.is_symlink() or not SHA256.fullmatch(blob.name) or blob.name == sha256:
        return
    path.unlink()
    blob.unlink()
    raise ModelError(
        f"The cached file {path} was damaged (SHA-256 {sha256}, the hub's is {blob.name}) and was removed; start again "
        "to download it again."
    )


def cached_models() -> list[Cached]:
    """Return every GGUF model in the cache, sorted by reference; a snapshot without branch or tag has its commit."""
    from huggingface_hub import scan_cache_dir
    from huggingface_hub.errors import CacheNotFound

    try:
        repos = scan_cache_dir(cache()).repos
    except CacheNotFound:
        return []
    models: dict[str, Cached] = {}
    for repo in repos:
        for revision in repo.revisions if repo.repo_type == "model" else ():
            files = {str(file.file_path.relative_to(revision.snapshot_path)): file for file in revision.files}
            names = ["main"] if "main" in revision.refs else sorted(revision.refs) or [revision.commit_hash]
            for name in files:
                parts = _parts_of_first(name)
                # A download that was interrupted before its last part is no model yet.
                if not parts or not all(part in files for part in parts):
                    continue
                size = sum(files[part].size_on_disk for part in parts)
                reference = str(Reference(repo.repo_id, names[0], name))
                models[reference] = Cached(reference, files[name].file_path, size)
    return sorted(models.values(), key=lambda model: model.reference)


def _parts_of_first(name: str) -> list[str]:
    try:
        return part_names(name) if name.endswith(".gguf") else []
    except ModelError:
        return []


def _fetch(reference: Reference, *, ask: bool) -> Path:
    first, *others = part_names(reference.path)
    path = None if ask else _in_cache(reference.repo, first, reference.revision)
    path = path or download(reference.repo, first, reference.revision)
    # All parts are taken from the commit of the first part, even if the branch moves meanwhile.
    commit = _commit(path, first)
    for other in others:
        if _in_cache(reference.repo, other, commit) is None:
            download(reference.repo, other, commit)
    return path


def _commit(path: Path, name: str) -> str:
    """Return the commit of a cached file: the name of the snapshot folder that holds it."""
    return path.parents[name.count("/")].name


def _in_cache(repo: str, name: str, revision: str) -> Path | None:
    from huggingface_hub import try_to_load_from_cache

    path = try_to_load_from_cache(repo, name, cache_dir=cache(), revision=revision)
    return Path(path) if isinstance(path, str) else None
