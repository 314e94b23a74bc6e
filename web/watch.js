/**
 * The newest frame of a video, looked at again and again.
 *
 * A frame is taken only when there is a place for it, so none ever waits and none is looked at
 * twice. Answers that come after a newer one, or after `stop`, are dropped.
 */

export class Watch {
  /**
   * `wanted()` says what the next look is for; `seen(answer, kept)` gets each answer, and the frame
   * itself where `keep` is set; `trouble(error)` what went wrong.
   */
  constructor(video, { wanted, seen, trouble }) {
    this.video = video;
    this.wanted = wanted;
    this.seen = seen;
    this.trouble = trouble;
    this.looker = null;
    this.keep = false;
    this.run = 0;
    this.inFlight = 0;
    this.taken = 0;
    this.answered = 0;
    this.fresh = false;
    this.held = false;
  }

  start(looker) {
    this.stop();
    this.looker = looker;
    this.resume();
  }

  stop() {
    this.run++;
    this.inFlight = 0;
    this.looker = null;
    this.fresh = false;
  }

  /** No more looks until `resume`. */
  hold() {
    this.held = true;
  }

  resume() {
    this.held = false;
    if (this.looker) this.listen(this.run);
  }

  listen(run) {
    if (this.listening === run) return;
    this.listening = run;
    const next = () => {
      if (run !== this.run) return;
      this.fresh = true;
      this.take();
      this.each(next);
    };
    this.each(next);
    this.take();
  }

  each(callback) {
    if (this.video.requestVideoFrameCallback) this.video.requestVideoFrameCallback(callback);
    else requestAnimationFrame(callback);
  }

  async take() {
    if (!this.looker || this.held || !this.fresh || this.inFlight >= this.looker.places) return;
    this.fresh = false;
    const run = this.run;
    const number = ++this.taken;
    this.inFlight++;
    let kept = null;
    try {
      const frame = await grabbed(this.video);
      if (this.keep) kept = frame.clone ? frame.clone() : await createImageBitmap(frame);
      const answer = await this.looker.look(frame, this.wanted());
      if (run !== this.run || number < this.answered) return;
      this.answered = number;
      this.seen({ ...answer, inFlight: this.inFlight }, kept);
      kept = null;
    } catch (error) {
      if (run === this.run) this.trouble(error);
    } finally {
      kept?.close();
      if (run === this.run) {
        this.inFlight--;
        this.take();
      }
    }
  }
}

/** A frame without a copy of its pixels where the browser can do that. */
async function grabbed(video) {
  if (typeof VideoFrame === "function") {
    try {
      return new VideoFrame(video);
    } catch {
      // Some browsers have the class, but take no video for it.
    }
  }
  return createImageBitmap(video);
}
