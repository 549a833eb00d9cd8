/** Which columns fit into `widthPx`: those with the highest priority number leave first, the last of equals before the others. */
export function visibleColumns<C extends { readonly min: number; readonly priority?: number }>(
  columns: readonly C[],
  widthPx: number,
): C[] {
  const gap = 12;
  const padding = 24;
  const shown = [...columns];
  const need = () => shown.reduce((sum, column) => sum + column.min, 0) + gap * Math.max(0, shown.length - 1) + padding;
  while (need() > widthPx) {
    let leaver = -1;
    let worst = 0;
    shown.forEach((column, at) => {
      const priority = column.priority ?? 0;
      if (priority > 0 && priority >= worst) {
        worst = priority;
        leaver = at;
      }
    });
    if (leaver === -1) break;
    shown.splice(leaver, 1);
  }
  return shown;
}
