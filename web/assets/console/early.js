// Before the page is drawn: the panes' widths as they were left, so that nothing moves. No module, since those run late.
try {
  for (const [name, width] of Object.entries(JSON.parse(localStorage.getItem("pane-widths") ?? "{}"))) {
    if (["views", "list", "side"].includes(name) && Number.isFinite(width)) {
      document.documentElement.style.setProperty(`--${name}`, `${width}px`);
    }
  }
} catch { /* somebody else wrote there, or storing is switched off: the widths are as shipped */ }
