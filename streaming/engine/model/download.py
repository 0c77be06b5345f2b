"""Downloads one file from a hub into the cache: resumed, verified, and every failure explained in one sentence.

A download that was cut off, also by the end of the process, resumes where it stopped, and only a file with the hub's
SHA-256 enters the cache. huggingface-hub does the look-up, the login and the cache; the transfer is here, because the
library's own starts again in every process and compares only the length.
"""

from __future__ import annotations

import errno
import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path

from streaming.engine.model.split import file_sha256
from streaming.errors import HubUnreachable, ModelError, reason
from streaming.wording import megabytes

# A hub's ETag of a large file is its SHA-256.
SHA256 = re.compile(r"[0-9a-f]{64}")
_NO_SPACE = {errno.ENOSPC, errno.EDQUOT}


def cache() -> str:
    """Return the folder of huggingface-hub's cache."""
    from huggingface_hub import constants

    return constants.HF_HUB_CACHE


def _endpoint() -> str:
    from huggingface_hub import constants

    return (os.environ.get("HF_ENDPOINT") or constants.ENDPOINT).rstrip("/")


def download(repo: str, name: str, revision: str) -> Path:
    """Ask the hub for a file of a revision, download it unless the cache has its content, return its path.

    Raises `ModelError`; its subclass `HubUnreachable` when a later attempt or another network may succeed.
    """
    from huggingface_hub import constants, get_hf_file_metadata, hf_hub_download, hf_hub_url

    # Only the request for the file goes out. By default the library would first ask the hub for a list that tells what
    # kind of program is calling.
    constants.HF_HUB_DISABLE_TELEMETRY = True
    with _explained(repo, name, revision):
        url = hf_hub_url(repo, name, revision=revision, endpoint=_endpoint())
        metadata = get_hf_file_metadata(
            url, endpoint=_endpoint(), library_name="gistream", library_version=version("gistream")
        )
        etag, size, commit = metadata.etag, metadata.size, metadata.commit_hash
        if etag is None or not SHA256.fullmatch(etag) or size is None or commit is None:
            raise ModelError(
                f"{_endpoint()} gives no SHA-256 and size for {name} of {repo}, so a download could not be verified; "
                "download the file yourself and name its path."
            )
        # By commit: the transferred file must be the one that was just described.
        url = hf_hub_url(repo, name, revision=commit, endpoint=_endpoint())
        _transfer(url, repo, name, etag=etag, size=size)
        # Finds the content in the cache, and records the revision there.
        return Path(hf_hub_download(repo, name, revision=revision, cache_dir=cache(), endpoint=_endpoint()))


def _transfer(url: str, repo: str, name: str, *, etag: str, size: int) -> None:
    """Bring a file of `size` bytes into the cache under its `etag`, from where the last attempt stopped."""
    from huggingface_hub import constants
    from huggingface_hub.file_download import http_get, repo_folder_name
    from huggingface_hub.utils import WeakFileLock, build_hf_headers

    folder = repo_folder_name(repo_id=repo, repo_type="model")
    blobs = Path(cache(), folder, "blobs")
    # The library's own lock for this content, and a name by which it counts unfinished downloads.
    lock, partial = Path(cache(), ".locks", folder, f"{etag}.lock"), blobs / f"{etag}.incomplete"
    blobs.mkdir(parents=True, exist_ok=True)
    lock.parent.mkdir(parents=True, exist_ok=True)
    with WeakFileLock(lock):
        if (blobs / etag).exists():
            return
        if size > constants.MAX_HTTP_DOWNLOAD_SIZE:
            raise ModelError(
                f"{name} of {repo} has {size / 1e9:.0f} GB, more than a hub sends in one piece; run `hf download "
                f"{repo} {name}`, which puts it where gistream finds it, or take a split version."
            )
        resume_from = partial.stat().st_size if partial.exists() else 0
        if resume_from > size:
            partial.unlink()
            resume_from = 0
        free = shutil.disk_usage(blobs).free
        if size - resume_from > free:
            raise ModelError(
                f"{name} needs {megabytes(size - resume_from)} more on the disk of {blobs}, and "
                f"{megabytes(free)} are free; free some, or set HF_HOME to a folder on another disk."
            )
        headers = build_hf_headers(library_name="gistream", library_version=version("gistream"))
        with partial.open("ab") as file:
            http_get(url, file, resume_size=resume_from, headers=headers, expected_size=size, displayed_filename=name)
        if (sha256 := file_sha256(partial)) != etag:
            partial.unlink()
            raise ModelError(
                f"{name} of {repo} arrived damaged (SHA-256 {sha256}, the hub's is {etag}) and was removed; try again, "
                "and when it happens again ask who runs the proxy or mirror between."
            )
        partial.replace(blobs / etag)


@contextmanager
def _explained(repo: str, name: str, revision: str) -> Iterator[None]:
    """Turn what the library raises into a `ModelError` that says what to do."""
    import httpx2
    from huggingface_hub.errors import (
        GatedRepoError,
        HfHubHTTPError,
        OfflineModeIsEnabled,
        RemoteEntryNotFoundError,
        RevisionNotFoundError,
    )

    try:
        yield
    except RemoteEntryNotFoundError as error:
        raise ModelError(f"The model repository {repo} has no file {name} at revision {revision}.") from error
    except RevisionNotFoundError as error:
        raise ModelError(f"The model repository {repo} has no revision {revision}.") from error
    except HfHubHTTPError as error:
        code = error.response.status_code
        if isinstance(error, GatedRepoError) or code == 403:
            raise ModelError(
                f"The model repository {repo} is gated or closed to you ({code}); accept its terms on its page at "
                f"{_endpoint()}, and set HF_TOKEN to a token of that account."
            ) from error
        if code in (401, 404):
            raise ModelError(
                f"{_endpoint()} shows no model repository {repo} ({code}); check its name, and for a private or gated "
                "one set HF_TOKEN to a token that may read it."
            ) from error
        raise HubUnreachable(
            f"{_endpoint()} answered {code} to the request for {name} of {repo}; try again later."
        ) from error
    except OfflineModeIsEnabled as error:
        raise HubUnreachable(
            f"{name} of {repo} would have to be asked for, and HF_HUB_OFFLINE forbids it; unset it, or put the file "
            f"into the cache {cache()}."
        ) from error
    except httpx2.HTTPError as error:
        raise HubUnreachable(
            f"The hub {_endpoint()} does not answer ({reason(error)}), asked for {name} of "
            f"{repo}; check the network, the proxy and HF_ENDPOINT, and try again: what was downloaded is kept."
        ) from error
    except OSError as error:
        if error.errno in _NO_SPACE:
            raise ModelError(
                f"The disk of {cache()} is full; free some space, or set HF_HOME to a folder on another disk."
            ) from error
        if error.errno is not None:
            raise ModelError(
                f"The cache {cache()} cannot be written: {error.strerror}; set HF_HOME to a folder that can."
            ) from error
        # The library's own error: an answer without the headers of a hub, or of another length.
        raise HubUnreachable(
            f"{_endpoint()} did not answer as a hub does when asked for {name} of {repo}: {reason(error)}"
        ) from error
