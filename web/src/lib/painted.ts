/** A page that nobody looks at is not painted. */
const longest = 3000;

/** Resolves once the browser has painted the first screen: on a slow line nothing comes before what it needs. */
export const painted = new Promise<void>((resolve) => {
  if (!('PerformanceObserver' in globalThis) || !PerformanceObserver.supportedEntryTypes.includes('paint')) {
    resolve();
    return;
  }
  setTimeout(resolve, longest);
  new PerformanceObserver((list, observer) => {
    if (list.getEntriesByName('first-contentful-paint').length === 0) return;
    observer.disconnect();
    resolve();
  }).observe({ type: 'paint', buffered: true });
});
