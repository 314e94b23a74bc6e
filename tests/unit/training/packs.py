"""Small packs in the shape of the real ones, drawn by this script: no real faces."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
from PIL import Image

from training.packs import sha256_of

N_FER, N_FAIRFACE = 64, 48


def write_packs(folder: Path) -> Path:
    """fer2013.npz, fairface_64.npz and fairface_val_112.npz; the brightness tells the class."""
    rng = np.random.default_rng(0)
    label = np.arange(N_FER) % 7
    votes = np.zeros((N_FER, 10), np.uint8)
    votes[np.arange(N_FER), np.arange(N_FER) % 8] = 9
    votes[:, 0] += 1
    votes[5] = (0, 0, 0, 0, 0, 0, 0, 0, 0, 10)
    usage = np.repeat([0, 1, 2], [40, 12, 12])
    near = np.arange(N_FER)
    near[50] = 3
    copy_of = np.arange(N_FER)
    copy_of[60] = 7
    images = [_noise(rng, 48, 20 + 30 * int(v)) for v in votes[:, :8].argmax(1)]
    body, offset = _joined(images, "JPEG")
    np.savez(
        folder / "fer2013.npz",
        jpg_header=np.zeros(0, np.uint8),
        jpg_body=body,
        offset=offset,
        label=label.astype(np.uint8),
        usage=usage.astype(np.uint8),
        votes=votes,
        valid=(np.arange(N_FER) != 9).astype(np.uint8),
        dup_of=copy_of.astype(np.int32),
        near_group=near.astype(np.int32),
    )
    for name, side in (("fairface_64.npz", 64), ("fairface_val_112.npz", 112)):
        gender = np.arange(N_FAIRFACE) % 2
        faces = [np.dstack([_noise(rng, side, 60 + 120 * int(g))] * 3) for g in gender]
        webp, offset = _joined(faces, "WEBP")
        np.savez(
            folder / name,
            webp=webp,
            offset=offset,
            gender=gender.astype(np.uint8),
            age=(np.arange(N_FAIRFACE) % 9).astype(np.uint8),
            age_names=np.array([f"age {i}" for i in range(9)]),
            race=(np.arange(N_FAIRFACE) // 2 % 7).astype(np.uint8),
            race_names=np.array([f"group {i}" for i in range(7)]),
            file_id=np.arange(1, N_FAIRFACE + 1).astype(np.int32),
        )
    state_sums(folder)
    return folder


def state_sums(folder: Path) -> None:
    """A `SHA256SUMS` as `sha256sum *.npz` writes it: drawn packs are not the published ones."""
    lines = [f"{sha256_of(pack)}  {pack.name}\n" for pack in sorted(folder.glob("*.npz"))]
    (folder / "SHA256SUMS").write_text("".join(lines))


def _noise(rng: np.random.Generator, side: int, level: int) -> np.ndarray:
    return np.clip(rng.normal(level, 8, (side, side)), 0, 255).astype(np.uint8)


def _joined(images: list[np.ndarray], form: str) -> tuple[np.ndarray, np.ndarray]:
    files = []
    for image in images:
        buffer = io.BytesIO()
        Image.fromarray(image).save(buffer, form, quality=95)
        files.append(buffer.getvalue())
    offset = np.cumsum([0, *map(len, files)]).astype(np.int32)
    return np.frombuffer(b"".join(files), np.uint8), offset
