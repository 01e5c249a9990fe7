import { Copy, LayoutGrid, MessageCircle, Pencil, Plus, Settings, Trash2, Users } from 'lucide-react';
import { useState, type ReactNode } from 'react';
import { chooseTheme, usePrefs, type Theme } from '../../lib/prefs';
import { Avatar, RoomTile } from '../Avatar';
import { Badge } from '../Badge';
import { Bar } from '../Bar';
import { Button, IconButton } from '../Button';
import { Chip } from '../Chip';
import { Dialog } from '../Dialog';
import { EmojiField } from '../EmojiField';
import { Logo } from '../Logo';
import { MenuButton, MenuChoice, MenuItem, MenuLine } from '../Menu';
import { RadioChips } from '../RadioChips';
import { SearchField } from '../SearchField';
import { Sheet } from '../sheetKit';
import { EmptyState, ErrorState, Skeleton } from '../States';
import { PasswordField, TextField } from '../TextField';
import { toast } from '../Toast';

const themes: { value: Theme; label: string }[] = [
  { value: 'light', label: '밝게' },
  { value: 'dark', label: '어둡게' },
  { value: 'system', label: '시스템' },
];
const small = { size: 18, strokeWidth: 1.75 };

/** Every part of the kit on one page, under the development server alone: `npm run dev`, then /kit.html. */
export function Kit() {
  const theme = usePrefs((prefs) => prefs.theme);
  return (
    <main className="scrollable h-dvh">
      <div className="mx-auto flex max-w-[1000px] flex-col gap-4 p-4 desk:p-8">
        <header className="flex flex-wrap items-center gap-3">
          <Logo />
          <h1 className="flex-1 text-brand font-heavy">Kit</h1>
          {themes.map(({ value, label }) => (
            <Chip key={value} on={value === theme} onClick={() => chooseTheme(value)}>
              {label}
            </Chip>
          ))}
        </header>
        <div className="grid gap-4 desk:grid-cols-2">
          <Part name="Button">
            <Row>
              <Button>만들기</Button>
              <Button look="plain">다시 시도</Button>
              <Button look="danger">삭제하기</Button>
              <Button look="quiet">취소</Button>
            </Row>
            <Row>
              <Button icon={<Plus {...small} />}>방 만들기</Button>
              <Button busy>보내는 중</Button>
              <Button disabled>쓸 수 없음</Button>
            </Row>
          </Part>
          <Part name="IconButton, Tooltip, Menu">
            <Row>
              <IconButton label="멤버">
                <Users {...small} />
              </IconButton>
              <IconButton label="설정" on aria-pressed>
                <Settings {...small} />
              </IconButton>
              <IconButton label="쓸 수 없음" disabled>
                <Plus {...small} />
              </IconButton>
              <SampleMenu />
            </Row>
          </Part>
          <Part name="TextField, PasswordField">
            <TextField label="이름" name="name" hint="1–20자" defaultValue="이도윤" />
            <TextField label="방 이름" name="room" note="선택" error="이 카테고리에 같은 이름의 방이 있어요." />
            <PasswordField label="비밀번호" name="password" show="비밀번호 보기" hide="비밀번호 숨기기" />
          </Part>
          <Part name="SearchField, Chip, RadioChips">
            <SearchField label="이름으로 찾기" clear="지우기" onQuery={() => undefined} />
            <SampleChips />
          </Part>
          <Part name="EmojiField">
            <SampleEmoji />
          </Part>
          <Part name="Avatar, RoomTile, Badge">
            <Row>
              <Avatar id="a" name="최지수" size={34} ground="surface" online />
              <Avatar id="b" name="Alex Kim" size={36} ground="surface" />
              <Avatar id="c" name="김민호" size={38} ground="surface" />
              <Avatar id="d" name="박서연" size={40} ground="surface" online />
              <Avatar id="e" name="정하린" size={64} ground="surface" online />
            </Row>
            <Row>
              <RoomTile id="a" name="알고리즘" emoji="📚" />
              <RoomTile id="b" name="커피" emoji="☕" />
              <RoomTile id="c" name="이모지 없는 방" />
              <Badge count={1} label="안 읽은 메시지 1개" />
              <Badge count={12} label="안 읽은 메시지 12개" />
              <Badge count={128} label="안 읽은 메시지 128개" />
            </Row>
          </Part>
          <Part name="Dialog, Sheet, Toast">
            <SampleDialogs />
          </Part>
          <Part name="Skeleton">
            <Skeleton className="h-10 w-3/5 rounded-bubble" />
            <Skeleton className="h-10 w-2/5 rounded-bubble" />
            <Skeleton className="h-[52px] w-full" />
          </Part>
          <Part name="EmptyState">
            <EmptyState
              icon={<LayoutGrid size={24} strokeWidth={1.75} />}
              title="아직 열린 방이 없어요"
              hint="첫 번째 방을 만들어 사람들을 모아 보세요."
            >
              <Button>방 만들기</Button>
            </EmptyState>
          </Part>
          <Part name="ErrorState">
            <ErrorState
              title="문제가 생겼어요"
              text="서버에 연결할 수 없어요. 인터넷을 확인하고 다시 해 주세요."
              action="다시 시도"
              onAction={() => toast('다시 시도했어요.')}
            />
          </Part>
        </div>
        <Part name="Bar">
          <div className="-mx-5 -mb-5 overflow-hidden rounded-b-l">
            <Bar
              before={<RoomTile id="a" name="알고리즘" emoji="📚" />}
              title="알고리즘 스터디"
              note="스터디 · 14명 참여 중"
            >
              <IconButton label="멤버 보기">
                <Users {...small} />
              </IconButton>
            </Bar>
          </div>
        </Part>
      </div>
    </main>
  );
}

function Part({ name, children }: { name: string; children: ReactNode }) {
  return (
    <section aria-label={name} className="flex flex-col gap-4 rounded-l border border-line bg-surface p-5">
      <h2 className="text-label font-strong text-ink-2">{name}</h2>
      {children}
    </section>
  );
}

const Row = ({ children }: { children: ReactNode }) => (
  <div className="flex flex-wrap items-center gap-2">{children}</div>
);

function SampleMenu() {
  const theme = usePrefs((prefs) => prefs.theme);
  return (
    <MenuButton label="메뉴" icon={<MessageCircle {...small} />}>
      <MenuItem icon={<Copy size={17} strokeWidth={1.75} />} onClick={() => toast('복사했어요.')}>
        복사
      </MenuItem>
      <MenuItem icon={<Pencil size={17} strokeWidth={1.75} />} onClick={() => toast('수정해요.')}>
        수정
      </MenuItem>
      <MenuItem danger icon={<Trash2 size={17} strokeWidth={1.75} />} onClick={() => toast('삭제했어요.')}>
        삭제
      </MenuItem>
      <MenuLine />
      <MenuChoice label="테마" value={theme} options={themes} onChoose={chooseTheme} />
    </MenuButton>
  );
}

function SampleChips() {
  const [category, setCategory] = useState('study');
  const [all, setAll] = useState(true);
  return (
    <>
      <Row>
        <Chip on={all} onClick={() => setAll(true)}>
          전체 24
        </Chip>
        <Chip on={!all} onClick={() => setAll(false)}>
          스터디 8
        </Chip>
      </Row>
      <RadioChips
        label="카테고리"
        name="category"
        value={category}
        onChoose={setCategory}
        options={[
          { value: 'study', label: '스터디' },
          { value: 'hobby', label: '취미' },
          { value: 'new', label: '새 카테고리' },
        ]}
      />
    </>
  );
}

function SampleEmoji() {
  const [emoji, setEmoji] = useState('📚');
  return <EmojiField label="이모지" none="없음" value={emoji} onChoose={setEmoji} />;
}

function SampleDialogs() {
  const [open, setOpen] = useState<'dialog' | 'sheet'>();
  const close = () => setOpen(undefined);
  const question = {
    title: '메시지를 삭제할까요?',
    lead: '모두에게서 지워지고 되돌릴 수 없어요.',
    onClose: close,
    children: (
      <div className="mt-6 flex justify-end gap-2">
        <Button look="quiet" onClick={close}>
          취소
        </Button>
        <Button look="danger" onClick={close}>
          삭제하기
        </Button>
      </div>
    ),
  };
  return (
    <Row>
      <Button look="plain" onClick={() => setOpen('dialog')}>
        Dialog
      </Button>
      <Button look="plain" onClick={() => setOpen('sheet')}>
        Sheet
      </Button>
      <Button look="plain" onClick={() => toast('이름을 저장했어요.')}>
        Toast
      </Button>
      <Dialog {...question} open={open === 'dialog'} />
      <Sheet {...question} open={open === 'sheet'} />
    </Row>
  );
}
