/** The picture with its boxes: over the live video, or drawn with it where faces are blurred. */

import { blur, drawPicture, mark, placed } from "./overlay.js";

const MOST_WIDE = 2;
const MOST_HIGH = 0.75;

export class Stage {
  constructor({ video, canvas, stage }) {
    this.video = video;
    this.canvas = canvas;
    this.stage = stage;
    this.context = canvas.getContext("2d");
    this.picture = null;
    this.tracks = [];
    this.mirrored = false;
    this.blurred = false;
    this.size = [640, 480];
    new ResizeObserver(() => this.draw()).observe(stage);
  }

  /** Show the camera's video. Some browsers play none that is not shown. */
  live() {
    this.clear();
    this.video.hidden = false;
    this.canvas.hidden = false;
    this.cover();
  }

  /** The video plays now; `mirrored` as in a mirror. */
  playing(mirrored) {
    this.mirrored = mirrored;
    this.video.classList.toggle("mirrored", mirrored);
    this.shape([this.video.videoWidth || 640, this.video.videoHeight || 480]);
  }

  /** Show a still picture, which is the stage's from now on. */
  still(picture) {
    this.clear();
    this.mirrored = false;
    this.picture = picture;
    this.shape([picture.width, picture.height]);
    this.canvas.hidden = false;
    this.draw();
  }

  clear() {
    this.picture?.close();
    this.picture = null;
    this.tracks = [];
    this.video.hidden = true;
    this.canvas.hidden = true;
    this.stage.style.aspectRatio = "";
    this.context.clearRect(0, 0, this.canvas.width, this.canvas.height);
  }

  /** The stage takes the form of the picture, unless that is very long. */
  shape([width, height]) {
    this.size = [width, height];
    this.stage.style.aspectRatio = Math.min(Math.max(width / height, MOST_HIGH), MOST_WIDE);
  }

  /** Nothing is known any more of a live picture. */
  forget() {
    if (this.video.hidden) return;
    this.picture?.close();
    this.picture = null;
    this.tracks = [];
    this.draw();
  }

  /** What is known now; `kept` is the frame that was looked at, where one is needed. */
  show(tracks, size, kept, now) {
    this.tracks = tracks;
    this.size = size;
    this.now = now;
    if (kept) {
      this.picture?.close();
      this.picture = kept;
    }
    this.draw();
  }

  blur(on) {
    this.blurred = on;
    if (!this.video.hidden) {
      this.picture?.close();
      this.picture = null;
    }
    this.cover();
    this.draw();
  }

  /** While faces are blurred the video itself must not be seen: boxes are always a little late. */
  cover() {
    this.video.classList.toggle("covered", this.blurred);
  }

  draw() {
    const { canvas, context } = this;
    if (canvas.hidden) return;
    const { width, height } = canvas.getBoundingClientRect();
    const dense = Math.min(window.devicePixelRatio || 1, 2);
    const [wide, high] = [Math.round(width * dense), Math.round(height * dense)];
    if (canvas.width !== wide || canvas.height !== high) [canvas.width, canvas.height] = [wide, high];
    else context.clearRect(0, 0, wide, high);
    this.paint(context, placed(this.size, canvas, this.mirrored), this.picture);
  }

  paint(context, place, picture) {
    if (picture) drawPicture(context, picture, place);
    if (this.blurred && picture) blur(context, this.tracks, place);
    mark(context, this.tracks, place, this.now);
  }

  /** What is seen now, in the picture's own size, as a PNG. */
  async snapshot() {
    const source = this.picture ?? (this.blurred ? null : this.video);
    const [width, height] = this.size;
    const canvas = Object.assign(document.createElement("canvas"), { width, height });
    this.paint(canvas.getContext("2d"), placed(this.size, canvas, this.mirrored), source);
    return new Promise((resolve) => canvas.toBlob(resolve, "image/png"));
  }
}
