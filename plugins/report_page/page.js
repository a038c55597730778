(function () {
  "use strict";
  var root = document.documentElement;
  root.classList.add("js");
  var said = document.getElementById("said");

  function make(name, attributes, text) {
    var element = document.createElement(name);
    Object.keys(attributes || {}).forEach(function (key) { element.setAttribute(key, attributes[key]); });
    if (text !== undefined) element.textContent = text;
    return element;
  }

  // Copying: where the page may not use the clipboard, through a selection.
  function copy(text) {
    if (navigator.clipboard) return navigator.clipboard.writeText(text).catch(function () { select(text); });
    return Promise.resolve(select(text));
  }
  function select(text) {
    var area = make("textarea");
    area.value = text;
    document.body.appendChild(area);
    area.select();
    document.execCommand("copy");
    area.remove();
  }
  document.querySelectorAll("[data-copy]").forEach(function (step) {
    var button = make("button", { type: "button", "class": "copy", "aria-label": "Copy: " + step.dataset.copy.slice(0, 80) }, "Copy");
    button.addEventListener("click", function () {
      copy(step.dataset.copy).then(function () {
        button.textContent = "Copied";
        said.textContent = "Copied";
        setTimeout(function () { button.textContent = "Copy"; }, 1500);
      });
    });
    step.appendChild(button);
  });

  // A link into something that is folded opens it.
  function unfold() {
    var target = location.hash && document.getElementById(decodeURIComponent(location.hash.slice(1)));
    for (var each = target; each; each = each.parentElement) if (each.tagName === "DETAILS") each.open = true;
    if (target) target.scrollIntoView();
  }
  addEventListener("hashchange", unfold);
  if (location.hash) unfold();

  var closed = [];
  addEventListener("beforeprint", function () {
    closed = Array.prototype.slice.call(document.querySelectorAll("details:not([open])"));
    closed.forEach(function (each) { each.open = true; });
  });
  addEventListener("afterprint", function () { closed.forEach(function (each) { each.open = false; }); });

  var block = document.getElementById("data");
  if (block) grid(JSON.parse(block.textContent), document.getElementById("matrix"));
  performance.mark("ready");

  function grid(data, place) {
    var ROW = 29, MORE = 12;
    var SYMBOLS = { failed: "×", warning: "!", pending: "…", unknown: "?", blocked: "⊘", info: "i", suppressed: "~", ok: "√", skipped: "-" };
    var WORDS = { ok: "passed", skipped: "not checked", unknown: "not known", blocked: "behind the fault", info: "note" };
    var ORDER = "FWPUBISk-";
    var LOUD = "FWPUBIS";
    var names = data.names, patterns = data.patterns, of = data.of;
    function word(state) { return WORDS[state] || state; }

    var tools = make("div", { "class": "tools", role: "search", "aria-label": "Filter hosts" });
    function field(text, element) {
      var label = make("label", {}, text);
      label.appendChild(element);
      tools.appendChild(label);
      return element;
    }
    function choice(text, options) {
      var select = field(text, make("select"));
      options.forEach(function (each) { select.appendChild(make("option", { value: each[0] }, each[1])); });
      return select;
    }
    var search = field("Host (press / to search)", make("input", { type: "search", autocomplete: "off", spellcheck: "false" }));
    var present = Object.keys(data.states).filter(function (letter) {
      return patterns.some(function (pattern) { return pattern.indexOf(letter) >= 0; });
    });
    var state = choice("State", [["", "any"]].concat(present.map(function (letter) { return [letter, word(data.states[letter])]; })));
    var hops = data.hopNames.map(function (name, n) { return [String(n), name]; }).filter(function (each) { return data.hops.indexOf(Number(each[0])) >= 0; });
    var hop = choice("Hop", [["", "all"]].concat(hops));
    var sort = choice("Sort", [["worst", "worst first"], ["name", "by name"]]);
    var all = make("input", { type: "checkbox" });
    var tick = make("label", { "class": "tick" });
    tick.appendChild(all);
    tick.appendChild(document.createTextNode("checks that passed everywhere, too"));
    tools.appendChild(tick);
    var counted = make("p", { "class": "meta", role: "status" });
    var frame = make("div", { "class": "grid" });
    var table = make("table", { role: "grid", "aria-label": "Hosts by checks" });
    var head = make("thead"), body = make("tbody");
    table.appendChild(head);
    table.appendChild(body);
    frame.appendChild(table);
    [tools, counted, frame].forEach(function (each) { place.appendChild(each); });
    place.hidden = false;

    var columns = [], rows = [], byCheck = -1, at = { row: -1, column: 0 }, first = 0, last = 0;

    function chooseColumns() {
      columns = data.checks.map(function (_id, n) { return n; }).filter(function (n) {
        if (hop.value !== "" && data.hops[n] !== Number(hop.value)) return false;
        if (state.value) return patterns.some(function (pattern) { return pattern[n] === state.value; });
        return all.checked || patterns.some(function (pattern) { return LOUD.indexOf(pattern[n]) >= 0; });
      });
    }
    function chooseRows() {
      var wanted = search.value.trim().toLowerCase();
      var fits = patterns.map(function (pattern) {
        return !state.value || columns.some(function (n) { return pattern[n] === state.value; });
      });
      rows = [];
      for (var n = 0; n < names.length; n++) {
        if (fits[of[n]] && (!wanted || names[n].toLowerCase().indexOf(wanted) >= 0)) rows.push(n);
      }
      var weight = patterns.map(function (pattern) {
        if (byCheck >= 0) return String(ORDER.indexOf(pattern[byCheck]));
        var counts = LOUD.split("").map(function () { return 0; });
        columns.forEach(function (n) { var i = LOUD.indexOf(pattern[n]); if (i >= 0) counts[i]++; });
        return counts.map(function (count) { return String(9999 - count); }).join("");
      });
      var byName = sort.value === "name" && byCheck < 0;
      rows.sort(function (a, b) {
        var x = weight[of[a]], y = weight[of[b]];
        if (!byName && x !== y) return x < y ? -1 : 1;
        return byName ? (names[a] < names[b] ? -1 : names[a] > names[b] ? 1 : 0) : a - b;
      });
    }
    function cell(kind, row, column, attributes, text) {
      var element = make(kind, attributes, text);
      element.tabIndex = at.row === row && at.column === column ? 0 : -1;
      element.dataset.row = row;
      element.dataset.column = column;
      return element;
    }
    function heading() {
      var line = make("tr", { "aria-rowindex": 1 });
      var corner = cell("th", -1, 0, { scope: "col", role: "columnheader", "aria-colindex": 1 });
      corner.appendChild(make("span", {}, "host"));
      line.appendChild(corner);
      columns.forEach(function (n, c) {
        var title = cell("th", -1, c + 1, { scope: "col", role: "columnheader", "aria-colindex": c + 2, title: data.checks[n] + ": sort by it" });
        if (byCheck === n) title.setAttribute("aria-sort", "ascending");
        title.appendChild(make("span", {}, data.checks[n]));
        line.appendChild(title);
      });
      head.replaceChildren(line);
    }
    function spacer(height) {
      var line = make("tr", { "class": "pad", "aria-hidden": "true" });
      var inner = make("td", { colspan: columns.length + 1 });
      inner.style.height = height + "px";
      line.appendChild(inner);
      return line;
    }
    function draw(force) {
      var from = Math.max(0, Math.floor(frame.scrollTop / ROW) - MORE);
      var to = Math.min(rows.length, from + Math.ceil((frame.clientHeight || 600) / ROW) + 2 * MORE);
      if (!force && from === first && to === last) return;
      first = from;
      last = to;
      var lines = document.createDocumentFragment();
      if (from) lines.appendChild(spacer(from * ROW));
      for (var r = from; r < to; r++) {
        var name = names[rows[r]], pattern = patterns[of[rows[r]]];
        var line = make("tr", { "aria-rowindex": r + 2 });
        line.appendChild(cell("th", r, 0, { scope: "row", role: "rowheader", title: name, "aria-colindex": 1 }, name));
        for (var c = 0; c < columns.length; c++) {
          var outcome = data.states[pattern[columns[c]]];
          line.appendChild(cell("td", r, c + 1, { role: "gridcell", "class": outcome, "aria-colindex": c + 2, "aria-label": word(outcome), title: name + ", " + data.checks[columns[c]] + ": " + word(outcome) }, SYMBOLS[outcome]));
        }
        lines.appendChild(line);
      }
      if (to < rows.length) lines.appendChild(spacer((rows.length - to) * ROW));
      var held = body.contains(document.activeElement);
      body.replaceChildren(lines);
      if (held) focus();
    }
    function focus() {
      var wanted = table.querySelector('[data-row="' + at.row + '"][data-column="' + at.column + '"]');
      if (wanted) wanted.focus({ preventScroll: at.row >= 0 });
    }
    function choose() {
      chooseColumns();
      if (byCheck >= 0 && columns.indexOf(byCheck) < 0) byCheck = -1;
      chooseRows();
      at = { row: rows.length ? 0 : -1, column: 0 };
      frame.scrollTop = 0;
      table.setAttribute("aria-rowcount", rows.length + 1);
      table.setAttribute("aria-colcount", columns.length + 1);
      heading();
      draw(true);
      counted.textContent = rows.length + " of " + names.length + " rows, " + columns.length + " of " + data.checks.length + " checks";
    }
    function move(row, column) {
      var before = table.querySelector('[tabindex="0"]');
      if (before) before.tabIndex = -1;
      at = { row: Math.max(-1, Math.min(rows.length - 1, row)), column: Math.max(0, Math.min(columns.length, column)) };
      if (at.row >= 0) {
        var top = at.row * ROW, height = frame.clientHeight - head.offsetHeight;
        if (top < frame.scrollTop) frame.scrollTop = top;
        else if (top + ROW > frame.scrollTop + height) frame.scrollTop = top + ROW - height;
        draw(false);
      }
      var after = table.querySelector('[data-row="' + at.row + '"][data-column="' + at.column + '"]');
      if (after) {
        after.tabIndex = 0;
        after.focus({ preventScroll: true });
        after.scrollIntoView({ block: "nearest", inline: "nearest" });
      }
    }
    function enter(row, column) {
      if (row < 0) {
        byCheck = column ? columns[column - 1] : -1;
        choose();
        move(-1, column);
      } else if (column) {
        location.hash = "check-" + data.checks[columns[column - 1]];
      }
    }
    [search, state, hop, sort, all].forEach(function (each) {
      each.addEventListener(each === search ? "input" : "change", function () {
        if (each === sort) byCheck = -1;
        choose();
      });
    });
    frame.addEventListener("scroll", function () { requestAnimationFrame(function () { draw(false); }); }, { passive: true });
    table.addEventListener("click", function (event) {
      var found = event.target.closest("[data-row]");
      if (!found) return;
      move(Number(found.dataset.row), Number(found.dataset.column));
      if (at.row < 0) enter(at.row, at.column);
    });
    table.addEventListener("keydown", function (event) {
      var page = Math.max(1, Math.floor(frame.clientHeight / ROW) - 2), to = null;
      if (event.altKey || event.metaKey) return;
      if (event.key === "ArrowDown") to = [at.row + 1, at.column];
      else if (event.key === "ArrowUp") to = [at.row - 1, at.column];
      else if (event.key === "ArrowRight") to = [at.row, at.column + 1];
      else if (event.key === "ArrowLeft") to = [at.row, at.column - 1];
      else if (event.key === "PageDown") to = [at.row + page, at.column];
      else if (event.key === "PageUp") to = [Math.max(0, at.row - page), at.column];
      else if (event.key === "Home") to = event.ctrlKey ? [0, 0] : [at.row, 0];
      else if (event.key === "End") to = event.ctrlKey ? [rows.length - 1, columns.length] : [at.row, columns.length];
      else if (event.key === "Enter") { enter(at.row, at.column); event.preventDefault(); return; }
      else return;
      event.preventDefault();
      move(to[0], to[1]);
    });
    document.addEventListener("keydown", function (event) {
      var typing = /^(INPUT|SELECT|TEXTAREA)$/.test(event.target.tagName);
      if (event.key === "/" && !typing) {
        event.preventDefault();
        search.focus();
        search.select();
      } else if (event.key === "Escape" && (search.value || state.value || hop.value)) {
        search.value = state.value = hop.value = "";
        choose();
      }
    });
    choose();
  }
})();
