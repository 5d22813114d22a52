// The reader's picture, from a file to numbers: in sRGB, turned as its EXIF says, and no larger than the page works with.

import { TILE } from "./grid.js";
import { planes } from "./image.js";
import { WORKING_SIDE } from "./scores.js";

const SLIMMEST = 16; // times as long as wide
const LARGEST = SLIMMEST * WORKING_SIDE ** 2; // pixels: 50 MB as numbers; the short side is not reduced below WORKING_SIDE

// Width and height at which a picture is read.
export function readSize(width, height) {
  const [short, long] = [Math.min(width, height), Math.max(width, height)];
  if (short < TILE) throw new Error(`${width} x ${height} pixels are too few; both sides must be at least ${TILE}`);
  if (long > SLIMMEST * short) {
    throw new Error(`${width} x ${height} pixels are too long and thin; cut a part out of it, at most ${SLIMMEST} times as long as wide`);
  }
  const scale = Math.min(1, Math.sqrt(LARGEST / (width * height)));
  return [Math.round(width * scale), Math.round(height * scale)];
}

// What to say of a file that the browser cannot decode.
export function unreadable({ name = "", type = "" }) {
  if (/^image\/hei[cf]/i.test(type) || /\.hei[cf]$/i.test(name)) {
    return "this is a HEIC photograph, which your browser cannot read; save it as a JPEG, or open this page in Safari";
  }
  return "this file is not a picture that your browser can read; try a JPEG, PNG or WebP";
}

// An image element, unlike a bitmap, tells its size before a pixel of it is drawn, and every browser turns it.
export async function decode(file) {
  const address = URL.createObjectURL(file);
  const image = new Image();
  image.src = address;
  try {
    await image.decode();
  } catch {
    throw new Error(unreadable(file));
  } finally {
    URL.revokeObjectURL(address);
  }
  const [width, height] = readSize(image.naturalWidth, image.naturalHeight);
  const canvas = Object.assign(document.createElement("canvas"), { width, height });
  const context = canvas.getContext("2d", { willReadFrequently: true, colorSpace: "srgb" });
  context.imageSmoothingQuality = "high";
  context.drawImage(image, 0, 0, width, height);
  return planes(context.getImageData(0, 0, width, height).data, width, height);
}
