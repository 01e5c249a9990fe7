import { create } from 'zustand';
import { useEffect } from 'react';

interface Note {
  id: number;
  text: string;
}

const useNotes = create<{ notes: readonly Note[] }>(() => ({ notes: [] }));
let last = 0;

/** Says something shortly, without taking the focus. */
export function toast(text: string): void {
  const id = (last += 1);
  useNotes.setState(({ notes }) => ({ notes: [...notes.slice(-2), { id, text }] }));
}

const dismiss = (id: number): void =>
  useNotes.setState(({ notes }) => ({ notes: notes.filter((note) => note.id !== id) }));

function Slice({ note }: { note: Note }) {
  useEffect(() => {
    const timer = setTimeout(() => dismiss(note.id), 5000);
    return () => clearTimeout(timer);
  }, [note.id]);
  return (
    <p className="pointer-events-auto max-w-[440px] rounded-m bg-ink px-4 py-2.5 text-label text-paper shadow-float">
      {note.text}
    </p>
  );
}

export function Toasts() {
  const notes = useNotes((state) => state.notes);
  return (
    <div role="status" className="pointer-events-none fixed inset-x-4 bottom-24 z-50 flex flex-col items-center gap-2">
      {notes.map((note) => (
        <Slice key={note.id} note={note} />
      ))}
    </div>
  );
}
