// Players, and pictures of sounds. One sound plays at a time.
const stage = new Audio();
let playing = null;

function stop() {
  stage.pause();
  playing?.setAttribute("aria-pressed", "false");
  playing = null;
}
stage.addEventListener("ended", stop);
document.addEventListener("play", event => {
  for (const other of document.querySelectorAll("audio")) if (other !== event.target) other.pause();
  stop();
}, true);

// In lists: a button that plays and stops.
function playButton(index) {
  const sound = data.sounds[index];
  if (!sound.source) return el("span", { class: "mute", title: sound.missing, role: "img", "aria-label": `${sound.name}: ${sound.missing}` }, "∅");
  return el("button", {
    type: "button", class: "play", "aria-pressed": "false", "aria-label": `play ${sound.name}`, title: sound.note ?? null,
    click: event => {
      const button = event.currentTarget, again = button === playing;
      stop();
      if (again) return;
      for (const other of document.querySelectorAll("audio")) other.pause();
      stage.src = sound.source;
      playing = button;
      button.setAttribute("aria-pressed", "true");
      stage.play().catch(stop);
    },
  });
}

// In cards: the browser's own player.
function player(index) {
  const sound = data.sounds[index];
  if (!sound.source) return el("p", { class: "missing" }, sound.missing);
  return [el("audio", { controls: true, preload: "metadata", src: sound.source, "aria-label": sound.name }), sound.note ? el("p", { class: "note" }, sound.note) : null];
}

// From black through violet and orange to pale yellow: brightness rises all the way, so that it reads in grey as well.
const heat = [[4, 3, 18], [61, 15, 88], [150, 38, 103], [225, 86, 70], [250, 166, 60], [250, 240, 180]];
function heatColour(value) {
  const place = value / 255 * (heat.length - 1), i = Math.min(Math.floor(place), heat.length - 2), part = place - i;
  return heat[i].map((channel, c) => channel + part * (heat[i + 1][c] - channel));
}

function paint(canvas, picture, colour) {
  [canvas.width, canvas.height] = [picture.width, picture.height];
  const context = canvas.getContext("2d"), image = context.createImageData(picture.width, picture.height), points = decoded(picture.bytes);
  points.forEach((value, i) => image.data.set(colour(value), 4 * i));
  context.putImageData(image, 0, 0);
  return points;
}

// A canvas over the time of a clip, with a line where the player is; a click goes there.
function timed(canvas, seconds, audio, describe) {
  const head = el("div", { class: "head" }), frame = el("div", { class: "picture" }, canvas, head);
  const follow = () => {
    head.style.left = `${100 * Math.min(1, audio.currentTime / seconds)}%`;
    head.hidden = audio.currentTime === 0;
    if (!audio.paused) requestAnimationFrame(follow);
  };
  head.hidden = true;
  if (audio) {
    for (const name of ["play", "pause", "seeked", "ended"]) audio.addEventListener(name, follow);
    frame.addEventListener("click", event => { audio.currentTime = seconds * at(event).x; });
  }
  const at = event => {
    const box = canvas.getBoundingClientRect();
    return { x: Math.max(0, Math.min(1, (event.clientX - box.left) / box.width)), y: Math.max(0, Math.min(1, (event.clientY - box.top) / box.height)) };
  };
  frame.addEventListener("pointermove", event => showTip(event.clientX, event.clientY, ...describe(at(event))));
  frame.addEventListener("pointerleave", hideTip);
  return frame;
}

function spectrogram(picture, audio) {
  const canvas = el("canvas", { class: "spectrogram", role: "img", "aria-label": `Log-mel spectrogram, ${number(picture.seconds)} s` });
  paint(canvas, picture, value => [...heatColour(value), 255]);
  // Slaney's mel scale: linear to 1 kHz, logarithmic above.
  const mel = hertz => hertz < 1000 ? hertz / (200 / 3) : 15 + Math.log(hertz / 1000) / (Math.log(6.4) / 27);
  const hertz = place => { const m = place * mel(picture.top); return m < 15 ? m * 200 / 3 : 1000 * Math.exp((m - 15) * Math.log(6.4) / 27); };
  return [el("div", { class: "legend" }, el("span", null, `log-mel, 0 to ${number(picture.top / 1000)} kHz`), el("span", null, `${number(picture.seconds)} s`)), timed(canvas, picture.seconds, audio, at => [`${number(Number((at.x * picture.seconds).toFixed(2)))} s`, `${number(Number(hertz(1 - at.y).toPrecision(2)))} Hz`])];
}

// Where each query listens: a row a query; the fuller the colour, the more of its weight.
function attention(pictures, seconds, audio) {
  const canvas = el("canvas", { class: "attention", role: "img", "aria-label": `Attention of ${pictures[0].height} queries over ${number(seconds)} s` });
  let picture, points;
  const show = block => {
    picture = pictures[block];
    points = paint(canvas, picture, value => [217, 119, 43, value]);
  };
  show(pictures.length - 1);
  const frame = timed(canvas, seconds, audio, at => {
    const [column, row] = [Math.min(picture.width - 1, Math.floor(at.x * picture.width)), Math.min(picture.height - 1, Math.floor(at.y * picture.height))];
    return [`query ${row + 1}, ${number(Number((at.x * seconds).toFixed(2)))} s`, `${percent(points[row * picture.width + column] / 255 * picture.greatest)} of its weight`];
  });
  const choice = pictures.length < 2 ? null : el("label", null, " cross-attention ", el("select", { change: event => show(Number(event.target.value)) },
    pictures.map((_, block) => el("option", { value: block, selected: block === pictures.length - 1 }, `${block + 1} of ${pictures.length}`))));
  return [el("div", { class: "legend" }, el("span", null, `${picture.height} queries, the first on top`), choice), frame];
}
