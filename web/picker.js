/** Pictures that people choose, drop on the page or paste. */

export class Picker {
  /** `picked(file)` gets each of them. */
  constructor({ input, drop }, picked) {
    this.input = input;
    this.drop = drop;
    this.picked = picked;
    input.addEventListener("change", () => {
      this.take(input.files);
      input.value = "";
    });
    document.addEventListener("paste", (event) => this.take(event.clipboardData.files));
    document.addEventListener("dragover", (event) => this.over(event));
    document.addEventListener("dragleave", (event) => {
      if (!event.relatedTarget) drop.hidden = true;
    });
    document.addEventListener("drop", (event) => {
      event.preventDefault();
      drop.hidden = true;
      this.take(event.dataTransfer.files);
    });
  }

  choose() {
    this.input.click();
  }

  over(event) {
    if (!event.dataTransfer.types.includes("Files")) return;
    event.preventDefault();
    this.drop.hidden = false;
  }

  take(files) {
    if (files.length) this.picked(files[0]);
  }
}
