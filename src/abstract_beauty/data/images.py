"""Reading and writing pictures: any mode of file in, one form of tensor out."""

import contextlib
import importlib
import io
import logging
import math
import os
import threading
import warnings
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Float, UInt8
from PIL import Image, ImageChops, ImageCms, ImageOps
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor

from abstract_beauty.errors import UserError, escaped, reason
from abstract_beauty.files import replacing

# A hundred million pixels are 1.2 GB as float tensors; a file that declares more is damaged or hostile.
MAX_PIXELS = 100_000_000
STRIP = 256  # rows that are turned into floats together, so that a large picture is in memory once
# What may be opened: plain raster formats. EPS and PostScript are left out, as opening one runs a program.
PLAIN = "AVIF BMP GIF JPEG JPEG2000 MPO PCX PNG PPM QOI SGI TGA TIFF WEBP"
Image.init()
FORMATS = [kind for kind in PLAIN.split() if kind in Image.OPEN]
# Cameras' raw files pass for TIFF, of which Pillow would read the small preview.
RAW = {
    ".3fr", ".arw", ".cr2", ".cr3", ".crw", ".dcr", ".dng", ".erf", ".iiq", ".kdc", ".mef", ".mos", ".mrw",
    ".nef", ".nrw", ".orf", ".pef", ".raf", ".raw", ".rw2", ".rwl", ".sr2", ".srf", ".srw", ".x3f",
}  # fmt: skip
HEIC, AVIF = {b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1"}, {b"avif", b"avis"}
BITS, MEANING, PLANES, SIGNED = 258, 262, 284, 339  # tags of a TIFF
SAME = 2  # levels: a profile that changes no colour by more is sRGB, as others have rounded it
WRITTEN = {".png": "PNG", ".jpg": "JPEG", ".jpeg": "JPEG", ".webp": "WEBP"}
LONGEST = {"WEBP": 16383, "JPEG": 65500}  # pixels: the formats' own limits
# Standard error is the process's: two threads must not put it back in the wrong order.
_QUIET = threading.Lock()


def printable(path: str | os.PathLike) -> str:
    """`path` as one line that any UTF-8 stream takes: other bytes, line breaks and terminal codes become escapes."""
    return escaped(os.fsencode(path).decode("utf-8", "backslashreplace"))


def to_bytes(image: Float[Tensor, "*b c h w"]) -> UInt8[Tensor, "*b c h w"]:
    """Round `[0, 1]` to the nearest of 256 levels; values outside are clamped. Exact inverse of `from_bytes`."""
    return (image.detach() * 255).round().clamp(0, 255).to(torch.uint8)


def from_bytes(image: UInt8[Tensor, "*b c h w"]) -> Float[Tensor, "*b c h w"]:
    """Bytes to floats in `[0, 1]`: 255 becomes 1."""
    return image.to(torch.float32) / 255


def read_image(path: str | os.PathLike, *, profile: bool = True) -> Float[Tensor, "3 h w"]:
    """Read a picture of any mode as sRGB in `[0, 1]`.

    The EXIF rotation is applied, transparency is composited on white, 16-bit and float samples are scaled; of several
    frames the first is taken. Of 8 bits a channel, colours are brought to sRGB by the embedded colour profile, unless
    `profile` is false; one that is broken, or of another colour space than the picture, is ignored. HEIC is read where
    pillow-heif is installed. UserError names a file that is missing, no picture, damaged or larger than `MAX_PIXELS`.
    """
    shown = printable(path)
    try:
        if os.path.isdir(path):
            raise UserError(f"{shown}: is a folder; name a picture file")
        if os.path.exists(path) and not os.path.isfile(path):  # a pipe would be waited upon for ever
            raise UserError(f"{shown}: is not a regular file; name a picture file")
        with open(path, "rb") as file:
            return decode_image(file, shown, profile=profile)
    except FileNotFoundError as error:
        raise UserError(f"{shown}: no such file") from error
    except OSError as error:
        raise UserError(f"{shown}: cannot be read ({error.strerror or error})") from error


def decode_image(file: io.BufferedIOBase, name: str, *, profile: bool = True) -> Float[Tensor, "3 h w"]:
    """Decode an open file as `read_image` does, errors too; `name` is what they call it."""
    if not (head := file.read(64)):
        raise UserError(f"{name}: is empty; give a picture file")
    if Path(name).suffix.lower() in RAW:
        raise UserError(f"{name}: is a camera's raw file; save it as a PNG, JPEG or TIFF")
    file.seek(0)
    try:
        with _quiet(), Image.open(file, formats=_formats(head, name)) as image:
            width, height = image.size
            if width * height > MAX_PIXELS:
                raise UserError(
                    f"{name}: has {width} x {height} pixels, more than {MAX_PIXELS:,}; reduce it first"
                )
            tags = getattr(image, "tag_v2", {})  # of a TIFF, which Pillow would read as something else
            if tags.get(PLANES) == 2 and max(tags.get(BITS, (8,))) > 8:
                what = "is a TIFF of more than 8 bits with its channels apart"
                raise UserError(f"{name}: {what}; save it with the channels of a pixel together")
            image.load()
            ImageOps.exif_transpose(image, in_place=True)
            pixels = _to_rgb(image, profile)
    except UserError:
        raise
    except MemoryError as error:
        raise UserError(f"{name}: is too large for this machine's memory; reduce it first") from error
    except Image.DecompressionBombError as error:
        raise UserError(f"{name}: has more than {MAX_PIXELS:,} pixels; reduce it first") from error
    except Image.UnidentifiedImageError as error:
        why = "is not a picture of a known format; give a PNG, JPEG, WebP or TIFF"
        raise UserError(f"{name}: {why}") from error
    except Exception as error:  # decoders meet damaged data with whatever exception comes first
        raise UserError(f"{name}: is damaged or truncated ({reason(error)}); replace the file") from error
    if not np.isfinite(pixels).all():
        raise UserError(f"{name}: holds values that are not finite numbers; replace the file")
    return torch.from_numpy(pixels.clip(0, 1, out=pixels))


def _formats(head: bytes, name: str) -> list[str]:
    """What a file that begins so is opened as; UserError when it is HEIC, which pillow-heif must be there to read."""
    brands: set[bytes] = set()
    if head[4:8] == b"ftyp":
        brands = {head[at : at + 4] for at in range(8, min(len(head), int.from_bytes(head[:4])), 4)}
    if not brands & HEIC or brands & AVIF:
        return FORMATS
    try:
        importlib.import_module("pillow_heif").register_heif_opener()
    except ImportError as error:
        raise UserError(f"{name}: HEIC needs pillow-heif: pip install pillow-heif") from error
    return ["HEIF"]


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Nothing of what decoders say of a damaged file reaches the user beside the one line that names it.

    Pillow warns and logs; libtiff, in C, writes to the process's standard error itself. The size is judged here.
    """
    log = logging.getLogger("PIL")
    with _QUIET, warnings.catch_warnings(), contextlib.ExitStack() as after:
        warnings.simplefilter("ignore")
        after.callback(log.setLevel, log.level)
        log.setLevel(logging.CRITICAL + 1)
        with contextlib.suppress(OSError):  # a process may have no standard error
            kept = os.dup(2)
            after.callback(os.close, kept)
            after.callback(os.dup2, kept, 2)
            with open(os.devnull, "wb") as nowhere:
                os.dup2(nowhere.fileno(), 2)
        yield


def _to_rgb(image: Image.Image, profile: bool) -> np.ndarray:
    """Any Pillow mode to (3, h, w) floats, in `[0, 1]` where the samples are within their scale."""
    width, height = image.size
    pixels = np.empty((3, height, width), np.float32)
    if image.mode.startswith("I") or image.mode == "F":
        tags = getattr(image, "tag_v2", {})
        samples = np.asarray(image)
        if samples.dtype == np.int32 and tags.get(BITS) == (32,) and tags.get(SIGNED, (1,))[0] == 1:
            samples = samples.view(np.uint32)
        samples = samples.astype(np.float32)
        largest = float(samples.max())
        white = 65535.0 if largest <= 65535 else largest
        if image.mode == "F":
            # which value means white they do not say: the smallest usual one that no more than one sample in a thousand
            # exceeds by half, as sharpening and highlights do; they are clipped
            usual = (1.0, 255.0, 65535.0)
            held = (each for each in usual if np.count_nonzero(samples > 1.5 * each) <= samples.size / 1000)
            white = next(held, largest)
        pixels[:] = samples / white
        if image.mode != "F" and tags.get(MEANING) == 0:  # 0 is white, which Pillow heeds up to 8 bits
            np.subtract(1, pixels, out=pixels)
        return pixels
    to_srgb = _to_srgb(image, profile)
    for top in range(0, height, STRIP):
        bottom = min(height, top + STRIP)
        pixels[:, top:bottom] = _colours(image.crop((0, top, width, bottom)), to_srgb).transpose(2, 0, 1)
    return pixels


def _to_srgb(image: Image.Image, profile: bool) -> Callable[[Image.Image], Image.Image]:
    """What brings strips of a picture, without their transparency, to RGB: by its profile if it is none of sRGB."""
    mode = {"1": "L", "L": "L", "LA": "L", "La": "L", "CMYK": "CMYK"}.get(image.mode, "RGB")
    embedded = image.info.get("icc_profile")
    if embedded and profile and image.mode != "LAB":
        with contextlib.suppress(Exception):  # one that is damaged, or of another colour space
            source, srgb = ImageCms.ImageCmsProfile(io.BytesIO(embedded)), ImageCms.createProfile("sRGB")
            intent, flags = ImageCms.Intent.RELATIVE_COLORIMETRIC, ImageCms.Flags.BLACKPOINTCOMPENSATION
            levels = np.indices((16, 16, 16), np.uint8).reshape(3, 64, 64).transpose(1, 2, 0) * np.uint8(17)
            probe = Image.fromarray(levels).convert(mode)
            transform = ImageCms.buildTransform(source, srgb, mode, "RGB", intent, flags)
            changed = ImageChops.difference(ImageCms.applyTransform(probe, transform), probe.convert("RGB"))
            if max(most for _, most in changed.getextrema()) > SAME:
                return lambda strip: ImageCms.applyTransform(strip.convert(mode), transform)
    return lambda strip: strip.convert("RGB")


def _colours(image: Image.Image, to_srgb: Callable[[Image.Image], Image.Image]) -> np.ndarray:
    """A picture of 8 bits in any mode as (h, w, 3) floats in `[0, 1]`."""
    if image.mode == "LAB":
        profiles = ImageCms.createProfile("LAB"), ImageCms.createProfile("sRGB")
        image = ImageCms.profileToProfile(image, *profiles, outputMode="RGB")
    if image.mode in ("LA", "La", "PA", "RGBA", "RGBa") or "transparency" in image.info:
        straight = image.convert("LA") if image.mode == "La" else image  # Pillow has no way from La to RGBA
        rgba = straight.convert("RGBA")
        colour = np.asarray(to_srgb(rgba.convert("RGB")), dtype=np.float32) / 255
        alpha = np.asarray(rgba.getchannel("A"), dtype=np.float32)[..., None] / 255
        return colour * alpha + (1 - alpha)  # over white
    return np.asarray(to_srgb(image), dtype=np.float32) / 255


def too_long(image: Tensor, kind: str) -> bool:
    """Whether a side of a picture is longer than a format allows."""
    return max(image.shape[-2:]) > LONGEST.get(kind, math.inf)


def check_writable(path: str | os.PathLike, image: Tensor) -> str:
    """The format that the suffix means; UserError when it means none, or none for so long a picture."""
    suffix = Path(path).suffix
    if suffix.lower() not in WRITTEN:
        raise UserError(f"{printable(path)}: unknown suffix '{suffix}'; use .png, .jpg, .jpeg or .webp")
    if too_long(image, kind := WRITTEN[suffix.lower()]):
        why = f"{image.shape[-1]}x{image.shape[-2]} pixels, of which one side is too long"
        raise UserError(f"{printable(path)}: cannot be written as {kind} ({why}); write a .png")
    return kind


def write_image(path: str | os.PathLike, image: Float[Tensor, "3 h w"] | UInt8[Tensor, "3 h w"]) -> None:
    """Write RGB in `[0, 1]` (or bytes) as PNG, JPEG or WebP (lossless), by suffix; whole or not at all.

    UserError when the suffix is unknown or the file cannot be written, ValueError for values that are no numbers.
    """
    kind = check_writable(path, image)
    if image.is_floating_point():
        if not torch.isfinite(image).all():
            raise ValueError("the image holds values that are not finite numbers")
        image = to_bytes(image)
    options = {"JPEG": {"quality": 95, "subsampling": 0}, "WEBP": {"lossless": True}}.get(kind, {})
    with replacing(path) as temporary:
        Image.fromarray(image.permute(1, 2, 0).cpu().numpy()).save(temporary, format=kind, **options)


def webp(image: Float[Tensor, "3 h w"], quality: int) -> bytes:
    """A picture in `[0, 1]` as a WebP file for a page; UserError when a side is longer than the format allows."""
    if too_long(image, "WEBP"):
        raise UserError(f"{image.shape[2]}x{image.shape[1]} pixels: too long a picture for the page")
    buffer = io.BytesIO()
    pixels = to_bytes(image).permute(1, 2, 0).numpy()
    Image.fromarray(pixels).save(buffer, "WEBP", quality=quality, method=4)
    return buffer.getvalue()


def resize_short_side(image: Float[Tensor, "3 h w"], n: int) -> Float[Tensor, "3 h2 w2"]:
    """Reduce a picture in `[0, 1]` so that its short side is `n` pixels, by a Lanczos filter; never enlarges."""
    height, width = image.shape[-2:]
    short = min(height, width)
    if short <= n:
        return image
    size = round(width * n / short), round(height * n / short)
    channels = map(Image.fromarray, image.cpu().numpy())
    reduced = [np.asarray(channel.resize(size, Image.Resampling.LANCZOS)) for channel in channels]
    return torch.from_numpy(np.stack(reduced)).clamp(0, 1)


def write_pictures(path: str | os.PathLike, pictures: Mapping[str, Float[Tensor, "n 3 _h _w"]]) -> None:
    """Write named batches of pictures in [0, 1] as one safetensors file of 8-bit numbers; none is lost half-way."""
    with replacing(path) as temporary:
        save_file({name: to_bytes(batch).cpu().contiguous() for name, batch in pictures.items()}, temporary)


def read_pictures(path: str | os.PathLike) -> dict[str, Float[Tensor, "n 3 _h _w"]]:
    """What `write_pictures` wrote, as floats in [0, 1]; UserError when the file is missing or damaged."""
    try:
        return {name: from_bytes(batch) for name, batch in load_file(path).items()}
    except (OSError, SafetensorError) as error:
        raise UserError(f"{path}: no such pictures ({error}); run the stage that makes them") from error
