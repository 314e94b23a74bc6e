/** The camera of this device: video alone, never sound. */

import { Trouble } from "./trouble.js";

const CODES = {
  NotAllowedError: "camera_refused",
  SecurityError: "camera_refused",
  NotFoundError: "no_camera",
  OverconstrainedError: "no_camera",
  NotReadableError: "camera_busy",
  AbortError: "camera_busy",
};

export class Camera {
  /** `lost()` is called when the camera is taken away while it runs. */
  constructor(video, lost) {
    this.video = video;
    this.lost = lost;
    this.stream = null;
    this.facing = "user";
  }

  get running() {
    return this.stream !== null;
  }

  /** Whether the picture is shown as in a mirror: people expect that of a camera that faces them. */
  get mirrored() {
    return this.stream?.getVideoTracks()[0]?.getSettings().facingMode !== "environment";
  }

  /** Throws `Trouble`. */
  async start() {
    this.stop();
    if (!navigator.mediaDevices?.getUserMedia) throw new Trouble("camera_unsafe");
    try {
      this.stream = await navigator.mediaDevices.getUserMedia({
        audio: false,
        video: {
          width: { ideal: 640 },
          height: { ideal: 480 },
          frameRate: { ideal: 30 },
          facingMode: this.facing,
        },
      });
      const [track] = this.stream.getVideoTracks();
      track.addEventListener("ended", () => this.lost());
      this.video.srcObject = this.stream;
      await this.video.play();
    } catch (error) {
      this.stop();
      throw new Trouble(CODES[error.name] ?? "camera_busy", { cause: error });
    }
  }

  /** Give the camera back; its light goes out. */
  stop() {
    this.stream?.getTracks().forEach((track) => track.stop());
    this.stream = null;
    this.video.srcObject = null;
  }

  turn() {
    this.facing = this.facing === "user" ? "environment" : "user";
  }

  static async count() {
    const devices = (await navigator.mediaDevices?.enumerateDevices?.()) ?? [];
    return devices.filter((device) => device.kind === "videoinput").length;
  }
}
