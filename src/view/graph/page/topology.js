'use strict';

const KINDS = {
  group: {heading: 'Node groups', one: 'Node group'},
  nic: {heading: 'NICs', one: 'NIC'},
  bond: {heading: 'Bonds', one: 'Bond'},
  vlan: {heading: 'VLANs', one: 'VLAN'},
  bridge: {heading: 'Bridges', one: 'Bridge'},
  attachment: {heading: 'Attachments', one: 'Attachment', foldName: 'attachments'},
  vm: {heading: 'Virtual machines', one: 'Virtual machine', foldName: 'virtual machines'},
};
const FOLD_ABOVE = 8;
const SHOW_MATCHES_UP_TO = 100;
const DRAW_ALL_UP_TO = 1500;
const LIST_START = 100;
const DETAIL_LINES = 3;
// Measures in CSS pixels; HEAD and the heights in nodeBox and foldBox follow the style sheet.
const HEAD = 48;
const MARGIN = 16;
const GAP = {least: 20, most: 110};
const REACH = 240;
const SPACE = 12;
const LANE_HEIGHT = 6;
const CHARACTER = {name: 7.3, detail: 6.1, frame: 24};
// Marks on which side of the selected node a box lies; an edge is lit if both ends share a side.
const LEFT = 1;
const RIGHT = 2;

const number = count => count.toLocaleString('en');
const counted = (count, word) => `${number(count)} ${word}${count === 1 ? '' : 's'}`;
const clamp = (low, value, high) => Math.min(Math.max(low, value), high);
const groupBy = (items, keyOfItem) => {
  const groups = new Map();
  for (const item of items) {
    const key = keyOfItem(item);
    if (!groups.has(key)) groups.set(key, []);
    groups.get(key).push(item);
  }
  return groups;
};
// Spreading a very long list into Math.max would overflow the stack.
const highest = numbers => numbers.reduce((best, value) => Math.max(best, value), 0);
const lowest = numbers => numbers.reduce((best, value) => Math.min(best, value), Infinity);
const sum = numbers => numbers.reduce((total, value) => total + value, 0);
const isError = finding => finding.severity === 'error';
const byId = id => document.getElementById(id);
const [stage, canvas, panel, search, only] = ['stage', 'canvas', 'panel', 'search', 'only'].map(byId);
const {title, nodes, findings} = readTopology();
const columns = makeColumns();
const state = {query: '', selected: null, onlyFindings: false};
const unfolded = new Set();
let picture = null;
let focusKey = null;
let printing = false;
let hashTimer = 0;

function make(tag, properties, ...children) {
  const element = Object.assign(document.createElement(tag), properties);
  element.append(...children);
  return element;
}

function readTopology() {
  const data = JSON.parse(byId('topology').textContent);
  for (const finding of data.findings) {
    finding.nodes = [];
    finding.place = [finding.file, finding.line, finding.column].filter(part => part != null).join(':');
    finding.text = [finding.code, finding.name, finding.message, finding.help, finding.place].join('\n').toLowerCase();
  }
  data.nodes.forEach((node, index) => {
    node.findings = node.findings.map(at => data.findings[at]);
    node.findings.forEach(finding => finding.nodes.push(node));
    const text = [node.name, ...node.detail].join('\n').toLowerCase();
    Object.assign(node, {index, left: [], right: [], text: [text, ...node.findings.map(finding => finding.text)].join('\n')});
  });
  for (const [from, to] of data.edges) {
    data.nodes[from].right.push(data.nodes[to]);
    data.nodes[to].left.push(data.nodes[from]);
  }
  data.findings.sort((a, b) => isError(b) - isError(a));
  return data;
}

function makeColumns() {
  const byKind = groupBy(nodes, node => node.kind);
  return Object.keys(KINDS).filter(kind => byKind.has(kind)).map(kind => {
    const members = byKind.get(kind);
    if (KINDS[kind].foldName) assignFolds(kind, members);
    const count = make('span');
    const list = make('ul', {ariaLabel: KINDS[kind].heading});
    const section = make('section', {className: 'column'}, make('h2', {}, KINDS[kind].heading, ' ', count), list);
    section.style.setProperty('--kind', `var(--${kind})`);
    canvas.append(section);
    const least = KINDS[kind].foldName ? 146 : 88;
    return {kind, members, count, list, section, least, natural: clamp(least + 20, naturalWidth(members), 216)};
  });
}

function naturalWidth(members) {
  return CHARACTER.frame + highest(members.map(node => Math.max(
    splitName(node)[1].length * CHARACTER.name, ...node.detail.map(line => line.length * CHARACTER.detail))));
}

function splitName({name}) {
  const slash = name.indexOf('/') + 1;
  return [name.slice(0, slash), name.slice(slash)];
}

// Nodes fold together if they hang on the very same bridges or NICs. Sets shared by too few to fold are
// gathered by their first bridge instead, so that VMs in many rare combinations do not fill the picture.
function assignFolds(kind, members) {
  const on = new Map(members.map(node => [node, anchors(node)]));
  const rare = [];
  const fold = (group, key, label) => {
    const shared = {key: `${kind} ${key}`, kind, label};
    group.forEach(node => { node.fold = shared; });
  };
  for (const [key, group] of groupBy(members, node => on.get(node).map(base => base.index).join())) {
    const names = new Set(on.get(group[0]).map(base => base.name));
    if (!key) fold(group, 'none', 'on no network');
    else if (group.length > FOLD_ABOVE) fold(group, key, `on ${[...names].join(', ')}`);
    else rare.push(...group);
  }
  for (const [first, group] of groupBy(rare, node => on.get(node)[0])) fold(group, `first ${first.index}`, `on ${first.name} and others`);
}

function anchors(node) {
  const on = node.left.flatMap(base => base.kind === 'attachment' ? base.left : [base]);
  return [...new Set(on)].sort((a, b) => a.index - b.index);
}

function reach(starts, side) {
  const seen = new Set(starts);
  // A set's iteration also visits what is added on the way, so this is the whole walk.
  for (const node of seen) node[side].forEach(next => seen.add(next));
  return seen;
}

const searchWords = () => state.query.toLowerCase().split(/\s+/).filter(Boolean);
const hits = (item, words) => words.every(word => item.text.includes(word));

function reduce() {
  const words = searchWords();
  if (!words.length && !state.onlyFindings) return {matches: null, shown: new Set(nodes)};
  const matches = nodes.filter(node => hits(node, words) && (!state.onlyFindings || node.findings.length));
  return {matches, shown: new Set([...reach(matches, 'left'), ...reach(matches, 'right')])};
}

function litSides() {
  const start = state.selected ? [state.selected] : [];
  return {left: reach(start, 'left'), right: reach(start, 'right')};
}

// Some nodes are worth a box of their own whatever their number: those with findings, a handful of matches,
// and the path of the selected node as long as that is not itself a crowd.
function pinnedNodes(matches, lit) {
  const pinned = new Set(nodes.filter(node => node.findings.length));
  if (matches && matches.length <= SHOW_MATCHES_UP_TO) matches.forEach(node => pinned.add(node));
  const path = [...new Set([...lit.left, ...lit.right])].filter(node => node.fold);
  for (const crowd of groupBy(path, node => node.fold).values()) {
    if (crowd.length <= FOLD_ABOVE) crowd.forEach(node => pinned.add(node));
  }
  return pinned;
}

function boxesOf(column, shown, pinned) {
  const members = column.members.filter(node => shown.has(node));
  const whole = groupBy(members, node => node.fold);
  const crowds = groupBy(members, node => pinned.has(node) ? null : node.fold);
  return members.flatMap(node => {
    const crowd = node.fold && !pinned.has(node) ? crowds.get(node.fold) : [];
    if (crowd.length <= FOLD_ABOVE) return nodeBox(node, column.width);
    if (node !== crowd[0]) return [];
    const open = unfolded.has(node.fold.key);
    return [foldBox(node.fold, crowd, open, crowd.length < whole.get(node.fold).length), ...(open ? crowd.map(member => nodeBox(member, column.width)) : [])];
  });
}

const keyOf = node => `node ${node.index}`;

function nodeBox(node, width) {
  const [space] = splitName(node);
  const split = space && node.name.length * CHARACTER.name + CHARACTER.frame > width;
  const {length} = node.detail;
  const details = length > DETAIL_LINES ? [...node.detail.slice(0, DETAIL_LINES - 1), `and ${length - DETAIL_LINES + 1} more`] : node.detail;
  const height = 31 + (split ? 17 : 0) + details.length * 15 + (node.findings.length ? 19 : 0);
  return {key: keyOf(node), node, members: [node], split, details, height};
}

function foldBox(fold, crowd, open, isRest) {
  return {key: fold.key, fold, open, isRest, count: crowd.length, members: open ? [] : crowd, height: 46};
}

function connect(lit) {
  const boxOf = new Map();
  columns.forEach((column, at) => column.boxes.forEach(box => {
    Object.assign(box, {at, sources: [], prev: []});
    box.members.forEach(member => boxOf.set(member, box));
  }));
  for (const box of columns.flatMap(column => column.boxes)) {
    const right = box.members.flatMap(member => member.right.map(next => boxOf.get(next)));
    box.targets = [...new Set(right)].filter(Boolean);
    box.targets.forEach(target => target.sources.push(box));
    box.lit = (box.members.some(member => lit.left.has(member)) ? LEFT : 0)
      | (box.members.some(member => lit.right.has(member)) ? RIGHT : 0);
  }
}

// An edge that skips columns would seem to end at the boxes it passes behind. So it gets a free lane through each of
// these columns, shared by all such edges of one box.
function addLanes() {
  let lanes = [];
  columns.forEach((column, at) => {
    column.items = weave(column.boxes, lanes);
    lanes = [];
    for (const item of column.items) {
      item.next = item.targets.filter(target => target.at === at + 1);
      const far = item.targets.filter(target => target.at > at + 1);
      if (far.length) {
        const lit = item.lit & far.reduce((sides, target) => sides | target.lit, 0);
        const lane = {isLane: true, at: at + 1, targets: far, prev: [], height: LANE_HEIGHT, lit};
        item.next.push(lane);
        lanes.push(lane);
      }
      item.next.forEach(next => next.prev.push(item));
    }
  });
}

function weave(boxes, lanes) {
  const items = [];
  let rank = -1;
  let waiting = 0;
  for (const box of boxes) {
    if (box.prev.length) rank = sum(box.prev.map(item => item.order)) / box.prev.length;
    while (waiting < lanes.length && lanes[waiting].prev[0].order < rank) items.push(lanes[waiting++]);
    items.push(box);
  }
  items.push(...lanes.slice(waiting));
  items.forEach((item, order) => { item.order = order; });
  return items;
}

function fitColumns() {
  const gaps = Math.max(columns.length - 1, 1);
  const room = stage.clientWidth - 2 * MARGIN;
  const [least, natural] = ['least', 'natural'].map(size => sum(columns.map(column => column[size])));
  const ease = natural > least ? clamp(0, (room - gaps * GAP.least - least) / (natural - least), 1) : 1;
  const gap = Math.floor(clamp(GAP.least, (room - least - ease * (natural - least)) / gaps, GAP.most));
  let x = MARGIN;
  for (const column of columns) {
    column.x = x;
    column.width = Math.floor(column.least + ease * (column.natural - column.least));
    column.section.style.left = `${x}px`;
    column.section.style.width = `${column.width}px`;
    x += column.width + gap;
  }
  return x - gap + MARGIN;
}

// The tallest column is stacked without holes; from there to both sides each column moves towards the one before.
// Returns the height of the whole.
function place() {
  const heights = columns.map(({items}) => sum(items.map(item => item.height + SPACE)));
  const tallest = heights.indexOf(Math.max(...heights));
  if (tallest < 0) return 0;
  settle(columns[tallest].items, () => []);
  columns.slice(0, tallest).reverse().forEach(({items}) => settle(items, item => item.next));
  columns.slice(tallest + 1).forEach(({items}) => settle(items, item => item.prev));
  return highest(columns.flatMap(column => column.items).map(item => item.centre + item.height / 2)) + MARGIN;
}

// Gives each item the centre nearest to its wish that keeps their order and distance (isotonic regression: items
// that would overlap become one run, which takes the mean of their wishes). Those without a wish follow the others.
function settle(items, neighboursOf) {
  const runs = [];
  let offset = HEAD + MARGIN;
  items.forEach((item, start) => {
    const neighbours = neighboursOf(item);
    item.centre = offset + item.height / 2;
    offset += item.height + SPACE;
    const run = neighbours.length ? {start, weight: 1, total: wishedCentre(neighbours) - item.centre} : {start, weight: 0.01, total: 0};
    while (runs.length && runs.at(-1).total / runs.at(-1).weight > run.total / run.weight) {
      const before = runs.pop();
      run.start = before.start;
      run.weight += before.weight;
      run.total += before.total;
    }
    runs.push(run);
  });
  runs.forEach((run, at) => {
    const end = at + 1 < runs.length ? runs[at + 1].start : items.length;
    const shift = Math.max(0, Math.round(run.total / run.weight));
    for (const item of items.slice(run.start, end)) item.centre += shift;
  });
}

// The middle of the neighbours, but never far below the first: the bridge of a long unfolded list stays near its top.
function wishedCentre(neighbours) {
  const centres = neighbours.map(item => item.centre);
  return Math.min(sum(centres) / centres.length, lowest(centres) + REACH);
}

// `keep` is the key of a box that shall not move on the screen while the others do.
function updatePicture(keep) {
  const before = picture && picture.boxes.get(keep);
  const {matches, shown} = reduce();
  const lit = litSides();
  const pinned = pinnedNodes(matches, lit);
  const width = fitColumns();
  for (const column of columns) column.boxes = boxesOf(column, shown, pinned);
  connect(lit);
  addLanes();
  const height = place();
  picture = {matches, shown, boxes: new Map(columns.flatMap(column => column.boxes).map(box => [box.key, box]))};
  if (!picture.boxes.has(focusKey)) focusKey = picture.boxes.size ? picture.boxes.keys().next().value : null;
  canvas.style.width = `${width}px`;
  canvas.style.height = `${height}px`;
  // A4 in landscape has some 1040 by 700 CSS pixels: a picture that is legible on one page is fitted to it.
  const onePage = 640 / (height + 60);
  canvas.style.setProperty('--print-zoom', Math.min(1, 1040 / width, onePage > 0.6 ? onePage : 1));
  canvas.classList.toggle('focused', [...picture.boxes.values()].some(box => box.lit));
  const after = picture.boxes.get(keep);
  if (before && after) stage.scrollTop += after.centre - before.centre;
  draw();
  describe();
}

// Beyond some thousand boxes only those near the visible part become elements.
function draw() {
  const all = printing || picture.boxes.size <= DRAW_ALL_UP_TO;
  const top = all ? -Infinity : stage.scrollTop - stage.clientHeight;
  const bottom = all ? Infinity : stage.scrollTop + 2 * stage.clientHeight;
  const near = item => item.centre >= top && item.centre <= bottom;
  const paths = {plain: [], lit: []};
  const hadFocus = canvas.contains(document.activeElement);
  for (const column of columns) {
    column.list.replaceChildren(...column.boxes.filter(box => near(box) || box.key === focusKey).map(boxElement));
    for (const item of column.items) {
      for (const next of item.next) {
        if (near(item) || near(next)) paths[item.lit & next.lit ? 'lit' : 'plain'].push(curve(item, next));
      }
    }
  }
  byId('plain').setAttribute('d', paths.plain.join(''));
  byId('lit').setAttribute('d', paths.lit.join(''));
  if (hadFocus && focusKey) boxButton(focusKey).focus({preventScroll: true});
}

function curve(from, to) {
  const start = columns[from.at].x + columns[from.at].width;
  const {x: end, width} = columns[to.at];
  const middle = (start + end) / 2;
  const across = to.isLane ? `H${end + width}` : '';
  return `M${start} ${from.centre}C${middle} ${from.centre} ${middle} ${to.centre} ${end} ${to.centre}${across}`;
}

function boxElement(box) {
  const button = box.fold ? foldButton(box) : nodeButton(box);
  button.type = 'button';
  button.dataset.key = box.key;
  button.tabIndex = box.key === focusKey ? 0 : -1;
  if (box.lit) button.classList.add('lit');
  const item = make('li', {}, button);
  item.style.top = `${box.centre - box.height / 2}px`;
  item.style.height = `${box.height}px`;
  return item;
}

function nodeButton({node, split, details}) {
  const [space, rest] = splitName(node);
  const name = make('span', {className: split ? 'name split' : 'name'}, make('span', {}, space), rest || '(no name)');
  const lines = details.map(line => make('span', {className: 'detail'}, line));
  const title = [node.name, ...node.detail].join('\n');
  const button = make('button', {className: 'box', ariaPressed: String(node === state.selected), title}, name, ...lines);
  if (node.findings.length) {
    button.classList.add(node.findings.some(isError) ? 'error' : 'warning');
    button.append(make('span', {className: 'alarm'}, mark(), tally(node.findings)));
  }
  return button;
}

function foldButton({fold, count, open, isRest}) {
  return make('button', {className: 'box fold', ariaExpanded: String(open), title: `${open ? 'Fold' : 'Unfold'}: ${fold.label}`},
    make('span', {className: 'name'}, make('strong', {}, number(count)), ` ${KINDS[fold.kind].foldName}`),
    make('span', {className: 'detail'}, isRest ? `more ${fold.label}` : fold.label));
}

const mark = () => make('span', {className: 'mark', ariaHidden: 'true'}, '!');

function tally(list) {
  const errors = list.filter(isError).length;
  const parts = [[errors, 'error'], [list.length - errors, 'warning']].filter(([count]) => count);
  return parts.map(([count, word]) => counted(count, word)).join(', ');
}

function describe() {
  const {matches, shown, boxes} = picture;
  const searching = searchWords().length > 0;
  document.body.dataset.visible = [...boxes.values()].filter(box => box.node).length;
  if (searching) document.body.dataset.matches = matches.length;
  else delete document.body.dataset.matches;
  for (const {members, count} of columns) {
    const left = members.filter(node => shown.has(node)).length;
    count.textContent = left < members.length ? `${number(left)} of ${number(members.length)}` : number(left);
  }
  const found = matches && `${number(matches.length)} of ${counted(nodes.length, 'node')}`;
  byId('status').textContent = searching ? `${found} match` : matches ? `${found} with findings` : counted(nodes.length, 'node');
  byId('nothing').hidden = boxes.size > 0;
  canvas.hidden = boxes.size === 0;
  byId('nothing').textContent = nodes.length
    ? 'No node matches. Take a word out of the search, or press Escape in the search box to see everything again.'
    : 'There is nothing to draw: this run has no NICs, bridges, attachments or virtual machines.';
}

function updatePanel() {
  const hadFocus = panel.contains(document.activeElement);
  panel.replaceChildren(...(state.selected ? nodePanel(state.selected) : findingsPanel()));
  panel.scrollTop = 0;
  if (hadFocus) panel.focus();
}

function nodePanel(node) {
  const close = make('button', {type: 'button', onclick: () => select(null)}, 'Close');
  const kind = make('p', {className: 'kind'}, KINDS[node.kind].one, close);
  kind.style.setProperty('--kind', `var(--${node.kind})`);
  const parts = [kind, make('h2', {className: 'name'}, node.name || '(no name)')];
  if (!picture.shown.has(node)) {
    const link = make('a', {href: hashOf({selected: node})}, 'Show it with everything');
    parts.push(make('p', {className: 'quiet'}, 'The search leaves this node out of the picture. ', link));
  }
  parts.push(...node.detail.map(line => make('p', {}, line)));
  if (node.findings.length) {
    parts.push(make('h3', {}, tally(node.findings)), ...longList('findings', node.findings, finding => findingCard(finding, false)));
  }
  for (const [heading, neighbours] of [['Stands on', node.left], ['Carries', node.right]]) {
    if (!neighbours.length) continue;
    parts.push(make('h3', {}, `${heading} (${number(neighbours.length)})`), ...longList('neighbours', neighbours, neighbourLink));
  }
  if (!node.left.length && !node.right.length) parts.push(make('p', {className: 'quiet'}, 'Not connected to anything.'));
  return parts;
}

function neighbourLink(node) {
  const link = make('a', {href: hashOf({...state, selected: node})}, node.name || '(no name)');
  return make('li', {}, link, make('span', {className: 'quiet'}, KINDS[node.kind].one));
}

function findingsPanel() {
  const words = searchWords();
  const listed = findings.filter(finding => hits(finding, words) || finding.nodes.some(node => hits(node, words)));
  const parts = [make('h2', {}, 'Findings')];
  if (!findings.length) return [...parts, make('p', {className: 'quiet'}, 'No errors and no warnings.')];
  const isPart = listed.length < findings.length;
  const count = isPart ? `${number(listed.length)} of ${counted(findings.length, 'finding')} match the search.` : `${tally(findings)}.`;
  return [...parts, make('p', {className: 'quiet'}, count), ...longList('findings', listed, finding => findingCard(finding, true))];
}

function findingCard(finding, linked) {
  const [node] = finding.nodes;
  const severity = make('span', {className: 'tone'}, isError(finding) ? 'Error' : 'Warning');
  const what = make('p', {className: 'what'}, mark(), severity, make('span', {}, finding.code), make('span', {}, finding.name));
  const message = make('p', {className: 'message'}, finding.message);
  const card = make('li', {className: `finding ${finding.severity}`}, what, message);
  if (finding.help) card.append(make('p', {}, make('strong', {}, 'Way out: '), finding.help));
  if (finding.place) card.append(make('p', {className: 'place'}, finding.place));
  if (linked && node) card.append(make('a', {href: hashOf({...state, selected: node})}, `Show ${node.name}`));
  if (linked && !node) card.append(make('p', {className: 'quiet'}, 'Belongs to no single node.'));
  return card;
}

function longList(className, items, render) {
  const list = make('ul', {className}, ...items.slice(0, LIST_START).map(render));
  if (items.length <= LIST_START) return [list];
  const more = make('button', {type: 'button'}, `Show ${number(items.length - LIST_START)} more`);
  more.onclick = () => {
    list.append(...items.slice(LIST_START).map(render));
    more.remove();
  };
  return [list, more];
}

const boxButton = key => [...canvas.querySelectorAll('.box')].find(button => button.dataset.key === key);

function focusBox(key) {
  focusKey = key;
  draw();
  const button = boxButton(key);
  button.scrollIntoView({block: 'nearest', inline: 'nearest'});
  return button;
}

function boxBeside(box, key) {
  const {boxes} = columns[box.at];
  if (key === 'ArrowUp') return boxes[boxes.indexOf(box) - 1];
  if (key === 'ArrowDown') return boxes[boxes.indexOf(box) + 1];
  const step = key === 'ArrowRight' ? 1 : -1;
  const linked = step > 0 ? box.targets : box.sources;
  const beside = linked.length ? linked : (columns[box.at + step] || {boxes: []}).boxes;
  const distance = other => Math.abs(other.centre - box.centre);
  return beside.reduce((best, other) => best && distance(best) <= distance(other) ? best : other, undefined);
}

function hashOf({query, selected, onlyFindings}) {
  const parts = new URLSearchParams();
  if (query && query.trim()) parts.set('q', query.trim());
  if (selected) parts.set('n', selected.index);
  if (onlyFindings) parts.set('f', '1');
  return `#${parts}`;
}

function readHash() {
  const parts = new URLSearchParams(location.hash.slice(1));
  const index = parts.get('n');
  state.query = parts.get('q') || '';
  state.selected = /^\d+$/.test(index) && nodes[index] || null;
  state.onlyFindings = parts.get('f') === '1';
  search.value = state.query;
  only.checked = state.onlyFindings;
  updatePicture();
  updatePanel();
  if (state.selected && picture.shown.has(state.selected)) focusBox(keyOf(state.selected));
}

function select(node) {
  const keep = keyOf(node || state.selected);
  state.selected = node;
  clearTimeout(hashTimer);
  history.pushState(null, '', hashOf(state));
  updatePicture(keep);
  updatePanel();
}

function filter(changes) {
  Object.assign(state, changes);
  stage.scrollTop = 0;
  updatePicture();
  updatePanel();
  // Browsers refuse to change the address at every keystroke of a fast typist.
  clearTimeout(hashTimer);
  hashTimer = setTimeout(() => history.replaceState(null, '', hashOf(state)), 200);
}

function activate(box) {
  focusKey = box.key;
  if (box.node) {
    select(box.node === state.selected ? null : box.node);
  } else {
    if (!unfolded.delete(box.key)) unfolded.add(box.key);
    updatePicture(box.key);
  }
}

function onKey(event) {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const current = canvas.contains(event.target) && picture.boxes.get(focusKey);
  if (event.key === '/' && event.target !== search) {
    event.preventDefault();
    search.select();
  } else if (event.key === 'Escape' && event.target === search) {
    event.preventDefault();
    search.value = '';
    filter({query: ''});
  } else if (event.key === 'Escape' && state.selected) {
    select(null);
  } else if (current && event.key.startsWith('Arrow')) {
    event.preventDefault();
    const next = boxBeside(current, event.key);
    if (next) focusBox(next.key).focus();
  }
}

function start() {
  document.title = `Network topology: ${title}`;
  byId('source').textContent = `From ${title}`;
  panel.tabIndex = -1;
  only.disabled = !nodes.some(node => node.findings.length);
  search.addEventListener('input', () => filter({query: search.value}));
  only.addEventListener('change', () => filter({onlyFindings: only.checked}));
  canvas.addEventListener('click', event => {
    const button = event.target.closest('.box');
    if (button) activate(picture.boxes.get(button.dataset.key));
  });
  document.addEventListener('keydown', onKey);
  stage.addEventListener('scroll', () => { if (picture.boxes.size > DRAW_ALL_UP_TO) requestAnimationFrame(draw); });
  addEventListener('resize', () => updatePicture());
  addEventListener('hashchange', readHash);
  for (const [event, on] of [['beforeprint', true], ['afterprint', false]]) {
    addEventListener(event, () => {
      printing = on;
      draw();
    });
  }
  readHash();
}

start();
