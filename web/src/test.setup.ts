import '@testing-library/jest-dom/vitest';

// jsdom has no screen to ask about: it is a desk's, unless a test says otherwise. Some tests want no jsdom at all.
globalThis.matchMedia = (media) =>
  Object.assign(new EventTarget(), {
    media,
    matches: media.includes('min-width'),
    onchange: null,
    addListener: () => undefined,
    removeListener: () => undefined,
  });
