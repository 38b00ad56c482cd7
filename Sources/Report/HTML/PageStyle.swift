/// The page's style sheet. Colours never stand alone: each status has its word, its sign and its pattern too.
enum PageStyle {
  static let text = #"""
    :root {
      color-scheme: light dark;
      --page: #f6f7f9; --card: #fff; --ink: #18212c; --soft: #546173; --line: #dfe4ea; --faint: #eef1f4;
      --link: #0b5394; --focus: #0b5394;
      --migrated: #1d5f9e; --current: #5b93c4; --pending: #c08a1b; --failed: #b3261e; --unreachable: #6b4bb0;
      --skipped: #7c8796; --drifted: #a14a00; --unknown: #aab3bf;
      --v0: #1d5f9e; --v1: #6d9fc9; --v2: #9dbfdc; --v3: #c3d7e8; --v4: #dbe4ec;
    }
    @media (prefers-color-scheme: dark) {
      :root {
        --page: #0f141b; --card: #171e27; --ink: #e7ecf2; --soft: #a4b0c0; --line: #2b3542; --faint: #1f2832;
        --link: #8fc1f0; --focus: #8fc1f0;
        --migrated: #4f9bdb; --current: #3a78aa; --pending: #dcb14c; --failed: #f27d72; --unreachable: #b49ae8;
        --skipped: #8593a3; --drifted: #f0a35e; --unknown: #56626f;
        --v0: #4f9bdb; --v1: #35719f; --v2: #28557a; --v3: #224359; --v4: #26333f;
      }
    }
    *, ::before, ::after { box-sizing: border-box; }
    html { -webkit-text-size-adjust: 100%; text-size-adjust: 100%; }
    body {
      margin: 0; background: var(--page); color: var(--ink); line-height: 1.5; font-size: 1rem;
      font-family: system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", "Helvetica Neue", Arial, sans-serif;
      font-variant-numeric: tabular-nums; overflow-wrap: anywhere;
    }
    .wrap { max-width: 70rem; margin: 0 auto; padding: 0 1.5rem; }
    a { color: var(--link); text-underline-offset: .15em; }
    :focus-visible { outline: 3px solid var(--focus); outline-offset: 2px; border-radius: 3px; }
    .skip { position: absolute; left: -100vw; padding: .5rem 1rem; background: var(--card); z-index: 2; }
    .skip:focus { left: .5rem; top: .5rem; }
    .defs { position: absolute; width: 0; height: 0; }
    [hidden], :root:not(.js) .with-script, .js .without-script { display: none !important; }

    header.wrap { padding-top: 2.5rem; }
    .fleet { margin: 0; color: var(--soft); font-weight: 600; }
    h1 { margin: .1rem 0 1.25rem; font-size: clamp(1.6rem, 4.5vw, 2.6rem); line-height: 1.15; font-weight: 650;
      letter-spacing: -.015em; }
    h1 b { font-weight: inherit; color: var(--link); }
    h2 { margin: 0 0 1rem; font-size: 1.15rem; line-height: 1.3; font-weight: 650; }
    h3 { margin: 0; font-size: 1rem; font-weight: 600; }
    p { margin: 0 0 .75rem; }
    section { background: var(--card); border: 1px solid var(--line); border-radius: 10px; padding: 1.25rem 1.5rem;
      margin: 1.25rem 0; }
    .pair { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 26rem), 1fr)); gap: 1.25rem;
      margin: 1.25rem 0; }
    .pair section { margin: 0; }
    .soft, small { color: var(--soft); }
    small { font-size: .8125rem; }
    footer { padding: .5rem 0 3rem; color: var(--soft); font-size: .875rem; }
    code { font-family: ui-monospace, "Cascadia Code", Menlo, Consolas, "DejaVu Sans Mono", monospace;
      font-size: .875em; background: var(--faint); padding: .1em .35em; border-radius: 4px; }

    .strip { display: block; width: 100%; height: 1.125rem; border-radius: 6px; }
    .bar { display: block; width: 100%; height: .875rem; border-radius: 4px; background: var(--faint); }
    .migrated { fill: var(--migrated); color: var(--migrated); }
    .current { fill: var(--current); color: var(--current); }
    .pending { fill: var(--pending); color: var(--pending); }
    .failed { fill: var(--failed); color: var(--failed); }
    .unreachable { fill: var(--unreachable); color: var(--unreachable); }
    .skipped { fill: var(--skipped); color: var(--skipped); }
    .drifted { fill: var(--drifted); color: var(--drifted); }
    .waiting { fill: var(--line); color: var(--unknown); }
    rect.failed { fill: url(#hatched); }
    rect.unreachable { fill: url(#dotted); }
    .v0 { fill: var(--v0); color: var(--v0); } .v1 { fill: var(--v1); color: var(--v1); }
    .v2 { fill: var(--v2); color: var(--v2); } .v3 { fill: var(--v3); color: var(--v3); }
    .v4 { fill: var(--v4); color: var(--v4); }
    .sign { width: .8125rem; height: .8125rem; flex: none; fill: currentColor; position: relative; top: .1em; }
    .legend { display: flex; flex-wrap: wrap; gap: .35rem 1.25rem; margin: .75rem 0 0; padding: 0; list-style: none; }
    .legend li, .status { display: inline-flex; gap: .4rem; align-items: baseline; }
    .trail { display: flex; flex-wrap: wrap; gap: .25rem 1rem; margin: 0 0 1rem; padding: 0; list-style: none;
      font-size: .875rem; }
    .headline { font-size: 1.25rem; font-weight: 650; }
    .headline b { font-weight: inherit; color: var(--link); }
    h3[id] { margin: 1.5rem 0 .6rem; }
    .meta { margin: 1rem 0 0; color: var(--soft); font-size: .875rem; }

    .items { margin: 0; padding: 0; list-style: none; }
    .items > li { padding: .9rem 0; border-top: 1px solid var(--line); }
    .items > li:first-child { border-top: 0; padding-top: 0; }
    .items > li:last-child { padding-bottom: 0; }
    .items h3 { display: flex; gap: .5rem; align-items: baseline; }
    .items h3 .sign { top: .08em; }
    .items p { margin: .2rem 0 0; }
    .items .below { margin-left: 1.3125rem; }
    .alarm { border-left: 4px solid var(--drifted); }
    .good { display: flex; gap: .5rem; align-items: baseline; margin: 0; }
    details { margin-top: .35rem; }
    summary { cursor: pointer; color: var(--link); }
    .names { margin: .35rem 0 0; padding: 0; list-style: none; display: flex; flex-wrap: wrap; gap: .15rem .9rem; }
    .findings { margin: .35rem 0 0; padding-left: 1.1rem; }

    .figures { width: 100%; border-collapse: collapse; }
    .figures th, .figures td { padding: .3rem 0; text-align: left; font-weight: 400; vertical-align: middle; }
    .figures th { white-space: nowrap; padding-right: 1rem; }
    .figures .wide { width: 100%; min-width: 2.5rem; }
    .figures .number { text-align: right; padding: .3rem 0 .3rem 1rem; white-space: nowrap; }
    .figures thead th { color: var(--soft); font-size: .8125rem; }
    .figures .latest { font-weight: 650; }
    .plot { display: grid; grid-template-columns: auto 1fr; gap: 0 .6rem; }
    .plot .scale { display: flex; flex-direction: column; justify-content: space-between; text-align: right;
      color: var(--soft); font-size: .8125rem; line-height: 1; padding: 0; margin: -.4em 0; }
    .plot svg { display: block; width: 100%; height: 11rem; overflow: visible; }
    .plot .dates { grid-column: 2; display: flex; justify-content: space-between; gap: 1rem; color: var(--soft);
      font-size: .8125rem; padding-top: .4rem; }
    .grid { stroke: var(--line); stroke-width: 1; vector-effect: non-scaling-stroke; }
    .line { fill: none; stroke: var(--link); stroke-width: 2.5; stroke-linejoin: round;
      vector-effect: non-scaling-stroke; }
    .dots { fill: none; stroke: var(--link); stroke-width: 8; stroke-linecap: round;
      vector-effect: non-scaling-stroke; }

    .controls { display: flex; flex-wrap: wrap; gap: .75rem 1rem; align-items: end; margin: 0 0 .75rem; }
    .controls label { display: grid; gap: .2rem; font-size: .875rem; color: var(--soft); min-width: 0; }
    .controls label:first-child { flex: 1 1 14rem; }
    input, select, button { font: inherit; color: inherit; min-height: 2.5rem; border-radius: 6px; }
    input, select, .controls button, .pages button { background: var(--card); border: 1px solid var(--soft);
      padding: .35rem .65rem; }
    input { width: 100%; }
    select { max-width: 15rem; }
    button:not(:disabled) { cursor: pointer; }
    button:disabled { opacity: .5; }
    .pages { display: flex; flex-wrap: wrap; gap: .75rem; align-items: center; margin-top: 1rem; }
    .rows { width: 100%; border-collapse: collapse; font-size: .9375rem; }
    .rows caption { text-align: left; color: var(--soft); padding-bottom: .5rem; }
    .rows th, .rows td { text-align: left; vertical-align: top; padding: .55rem .75rem .55rem 0;
      border-top: 1px solid var(--line); font-weight: 400; }
    .rows thead th { border-top: 0; vertical-align: bottom; white-space: nowrap; }
    .rows thead button { background: none; border: 0; padding: 0; font-weight: 600; font-size: .875rem;
      min-height: 2rem; opacity: 1; }
    .rows thead button::after { content: "↕"; color: var(--soft); padding-left: .3em; font-weight: 400; }
    .rows thead button:disabled::after { content: ""; }
    .rows [aria-sort=ascending] button::after { content: "↑"; color: var(--link); }
    .rows [aria-sort=descending] button::after { content: "↓"; color: var(--link); }
    .rows small { display: block; }
    .rows .id { font-weight: 600; }
    .rows .right { text-align: right; white-space: nowrap; }
    .rows .version { white-space: nowrap; }
    .rows .groups { min-width: 6.5rem; }
    .list thead th { color: var(--soft); font-size: .8125rem; }
    .list thead .right { white-space: normal; }
    .rows tbody tr:hover { background: var(--faint); }

    @media screen and (min-width: 64rem) {
      .list time { white-space: nowrap; }
      #installations .rows tbody th { min-width: 17rem; }
    }
    @media screen and (max-width: 48rem) {
      .wrap { padding: 0 .75rem; }
      header.wrap { padding-top: 1.25rem; }
      .figures th { white-space: normal; overflow-wrap: break-word; }
      section { padding: 1rem; }
      .controls label { flex: 1 1 9rem; }
      .controls label:first-child { flex-basis: 100%; }
      select { width: 100%; max-width: none; }
      .rows, .rows tbody, .rows tr, .rows th, .rows td, .rows thead, .rows caption { display: block; }
      .rows thead tr { display: flex; flex-wrap: wrap; gap: 0 1.1rem; padding-bottom: .25rem; }
      .rows thead th { padding: 0; }
      .rows thead button { min-height: 2.5rem; }
      .rows tbody tr { display: grid; grid-template-columns: repeat(2, minmax(0, 1fr)); gap: .35rem 1rem;
        border-top: 1px solid var(--line); padding: .75rem 0; }
      .rows tbody th, .rows tbody td { border: 0; padding: 0; }
      .rows tbody th, .rows tbody .said { grid-column: 1 / -1; }
      .list thead { position: absolute; clip-path: inset(50%); }
      .rows tbody td:empty { display: none; }
      .rows tbody td:not(.said)::before { content: attr(data-name) " "; color: var(--soft); font-size: .8125rem; }
      .rows .right { text-align: left; }
    }
    @media print {
      :root { color-scheme: light; --page: #fff; --card: #fff; --ink: #000; --soft: #444; --line: #bbb;
        --faint: #eee; --link: #0b3d6e; }
      body { font-size: 10pt; }
      .wrap { max-width: none; padding: 0; }
      header.wrap { padding-top: 0; }
      section { border-width: 1px 0 0; border-radius: 0; padding: .75rem 0; margin: .5rem 0; break-inside: auto; }
      .alarm { padding-left: .75rem; border-left-width: 4px; }
      .pair { grid-template-columns: 1fr 1fr; }
      .controls, .pages, .skip, .jump { display: none !important; }
      a { color: inherit; text-decoration: none; }
      h2, h2 + p, h3 { break-after: avoid; }
      .figures { break-inside: avoid; }
      .rows small { font-size: 7.5pt; }
      .items > li, .rows tr, .figures tr { break-inside: avoid; }
      .rows { font-size: 8.5pt; }
      .rows thead { display: table-header-group; }
      .rows thead button::after { content: "" !important; }
      svg, .strip, .bar { print-color-adjust: exact; -webkit-print-color-adjust: exact; }
    }
    @media (forced-colors: active) {
      .strip, .bar, .plot svg { forced-color-adjust: none; }
    }
    """#
}
