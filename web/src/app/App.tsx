import { QueryClientProvider } from '@tanstack/react-query';
import { BrowserRouter, Route, Routes } from 'react-router';
import { queryClient } from '../lib/queryClient';
import { Toasts } from '../ui/Toast';
import { Tooltips } from '../ui/Tooltip';
import { Banner } from './Banner';
import { Boundary } from './Boundary';
import { Ended } from './Ended';
import { Outside } from './Outside';
import { ChatsScreen, LobbyScreen, Lost, PeopleScreen, RoomPage } from './pages';
import { LogIn, Profile, SignUp } from './screens';
import { Shell } from './Shell';

export function App() {
  return (
    <Boundary>
      <QueryClientProvider client={queryClient}>
        <BrowserRouter>
          <Banner />
          <Ended />
          <Routes>
            <Route element={<Outside />}>
              <Route path="/login" element={<LogIn />} />
              <Route path="/signup" element={<SignUp />} />
            </Route>
            <Route element={<Shell />}>
              <Route path="/" element={<LobbyScreen />} />
              <Route path="/chats" element={<ChatsScreen />} />
              <Route path="/rooms/:id/:panel?" element={<RoomPage />} />
              <Route path="/people" element={<PeopleScreen />} />
              <Route path="/me" element={<Profile />} />
              <Route path="*" element={<Lost />} />
            </Route>
          </Routes>
        </BrowserRouter>
        <Toasts />
        <Tooltips />
      </QueryClientProvider>
    </Boundary>
  );
}
