'use strict';
(() => {
  const [ID, PLACE, GROUPS, LABELS, STATUS, BEFORE, AFTER, DRIFT, COHORT, WAVE, TOOK, BYTES, CAUSE, NOTE] =
    Array(14).keys();
  const pageSize = 100, printed = 500;
  const find = (id) => document.getElementById(id);
  const data = JSON.parse(find('data').textContent);
  const rows = data.rows;
  const form = find('controls'), body = find('rows'), count = find('count');
  const headers = [...document.querySelectorAll('#installations thead th')];
  const collator = new Intl.Collator('en', { numeric: true });
  const keys = {
    id: (row) => row[ID],
    status: (row) => data.ranks[row[STATUS]],
    version: (row) => typeof row[AFTER] === 'number' ? row[AFTER] : null,
    drift: (row) => row[DRIFT],
    wave: (row) => row[WAVE],
    groups: (row) => row[GROUPS],
    size: (row) => row[BYTES],
    took: (row) => row[TOOK],
  };
  let sorted = { key: null, ascending: true };
  let shown = rows, page = 0, haystacks = null;

  const number = (value) => value.toLocaleString('en');
  const round = (value, digits) => Math.round(value * 10 ** digits) / 10 ** digits;
  const size = (bytes) => bytes === null ? '' : bytes < 1e3 ? bytes + ' B'
    : bytes < 999500 ? round(bytes / 1e3, 0) + ' kB'
    : bytes < 999500000 ? round(bytes / 1e6, 1) + ' MB' : round(bytes / 1e9, 1) + ' GB';
  const took = (ms) => ms === null ? '' : ms < 1000 ? round(ms, 1) + ' ms' : round(ms / 1000, 1) + ' s';
  const said = (row) => row[NOTE] || (row[CAUSE] === null ? '' : data.causes[row[CAUSE]]);

  const element = (name, className, ...children) => {
    const made = document.createElement(name);
    if (className) made.className = className;
    made.append(...children);
    return made;
  };
  const isolated = (text) => {
    const made = element('bdi', '');
    made.textContent = text;
    return made;
  };
  const sign = (status) => {
    const svg = document.createElementNS('http://www.w3.org/2000/svg', 'svg');
    svg.setAttribute('class', 'sign ' + status);
    svg.setAttribute('aria-hidden', 'true');
    const use = document.createElementNS('http://www.w3.org/2000/svg', 'use');
    use.setAttribute('href', '#sign-' + status);
    svg.append(use);
    return svg;
  };
  const cell = (name, className, ...children) => {
    const made = element('td', className, ...children);
    made.setAttribute('role', 'cell');
    made.dataset.name = name;
    return made;
  };
  const drift = (row) => {
    if (!row[DRIFT]) return [];
    if (row[COHORT] === null) return [number(row[DRIFT])];
    const link = element('a', '', number(row[DRIFT]));
    link.href = '#cohort-' + row[COHORT];
    return [link];
  };
  const render = (row) => {
    const status = data.statuses[row[STATUS]], reason = said(row);
    const head = element('th', '', element('span', 'id', isolated(row[ID])),
      element('small', '', isolated(row[PLACE])));
    head.scope = 'row';
    head.setAttribute('role', 'rowheader');
    const state = cell('Status', 'said', element('span', 'status', sign(status), data.words[row[STATUS]]));
    if (reason) state.append(element('small', '', isolated(reason)));
    const version = (row[BEFORE] === null ? '' : row[BEFORE] + ' → ') + row[AFTER];
    const made = element('tr', '', head, state,
      cell('Version', 'version', version),
      cell('Drift', 'right', ...drift(row)),
      cell('Wave', 'right', row[WAVE] === null ? '' : String(row[WAVE])),
      cell('Groups', 'groups', ...[row[GROUPS], row[LABELS]].filter(Boolean).map((text, place) =>
        place ? element('small', '', isolated(text)) : isolated(text))),
      cell('Size', 'right', size(row[BYTES])),
      cell('Took', 'right', took(row[TOOK])));
    made.setAttribute('role', 'row');
    return made;
  };

  const show = (from, limit) => {
    body.replaceChildren(...shown.slice(from, from + limit).map(render));
  };
  const tell = () => {
    const pages = Math.max(1, Math.ceil(shown.length / pageSize));
    const all = shown.length === rows.length;
    const text = shown.length === 0 ? 'No installation matches.'
      : (pages === 1 ? '' : number(page * pageSize + 1) + '–'
          + number(Math.min(shown.length, (page + 1) * pageSize)) + ' of ')
        + number(shown.length) + (shown.length === 1 ? ' installation' : ' installations')
        + (all ? '' : ' of ' + number(rows.length));
    if (count.textContent !== text) count.textContent = text;
    find('pages').hidden = pages === 1;
    find('page').textContent = 'Page ' + number(page + 1) + ' of ' + number(pages);
    find('previous').disabled = page === 0;
    find('next').disabled = page >= pages - 1;
  };
  const turn = (to) => {
    page = to;
    show(page * pageSize, pageSize);
    tell();
  };

  const order = (list) => {
    if (!sorted.key) return list;
    const key = keys[sorted.key], sense = sorted.ascending ? 1 : -1;
    const pairs = list.map((row) => [key(row), row]);
    pairs.sort(([one], [other]) => {
      if (one === other) return 0;
      if (one === null) return 1;
      if (other === null) return -1;
      return sense * (typeof one === 'string' ? collator.compare(one, other) : one - other);
    });
    return pairs.map(([, row]) => row);
  };
  const matches = () => {
    const { status, version, cause } = form.elements;
    const words = form.elements.text.value.toLowerCase().split(/\s+/).filter(Boolean);
    if (words.length && !haystacks) {
      haystacks = new Map(rows.map((row) => [row,
        [row[ID], row[PLACE], row[GROUPS], row[LABELS], said(row)].join('\n').toLowerCase()]));
    }
    const isWanted = (row) => {
      switch (status.value) {
        case '': return true;
        case 'drifted': return row[DRIFT] > 0;
        case 'attention': return row[DRIFT] > 0 || data.attention.includes(data.statuses[row[STATUS]]);
        default: return data.statuses[row[STATUS]] === status.value;
      }
    };
    return rows.filter((row) => isWanted(row)
      && (!version.value || String(row[AFTER]) === version.value)
      && (!cause || !cause.value || row[CAUSE] === Number(cause.value))
      && words.every((word) => haystacks.get(row).includes(word)));
  };
  const update = () => {
    shown = order(matches());
    turn(0);
  };

  const sort = (header) => {
    const key = header.dataset.key;
    sorted = { key, ascending: sorted.key === key ? !sorted.ascending : true };
    for (const other of headers) other.removeAttribute('aria-sort');
    header.setAttribute('aria-sort', sorted.ascending ? 'ascending' : 'descending');
    shown = order(shown);
    turn(0);
  };
  for (const header of headers) {
    const button = header.querySelector('button');
    button.disabled = false;
    button.addEventListener('click', () => sort(header));
  }
  form.addEventListener('submit', (event) => event.preventDefault());
  form.addEventListener('input', update);
  form.addEventListener('reset', () => setTimeout(update));
  const move = (by) => {
    turn(page + by);
    find('installations').scrollIntoView();
  };
  find('previous').addEventListener('click', () => move(-1));
  find('next').addEventListener('click', () => move(1));
  document.addEventListener('click', (event) => {
    const link = event.target.closest('a[data-filter]');
    if (!link) return;
    form.reset();
    form.elements[link.dataset.filter].value = link.dataset.value;
    update();
  });
  let opened = [];
  window.addEventListener('beforeprint', () => {
    opened = [...document.querySelectorAll('.items details:not([open])')];
    for (const one of opened) one.open = true;
    show(0, printed);
    if (shown.length > printed) count.textContent =
      'The first ' + number(printed) + ' of ' + number(shown.length) + ' installations';
  });
  window.addEventListener('afterprint', () => {
    for (const one of opened) one.open = false;
    turn(page);
  });
  const asked = new URLSearchParams(location.search);
  for (const field of form.querySelectorAll('input, select')) {
    if (asked.has(field.name)) field.value = asked.get(field.name);
    if (field.selectedIndex === -1) field.value = '';
  }
  document.documentElement.classList.add('js');
  find('caption').textContent = '';
  update();
})();
