import { QueryClientProvider } from '@tanstack/react-query';
import { BrowserRouter, Route, Routes } from 'react-router';
import { RoomScreen } from '../features/room/RoomScreen';
import { queryClient } from '../lib/queryClient';
import { Toasts } from '../ui/Toast';
import { Banner } from './Banner';
import { Boundary } from './Boundary';
import { Ended } from './Ended';
import { ChatsScreen, LobbyScreen, Lost } from './pages';
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
            <Route path="/login" element={<LogIn />} />
            <Route path="/signup" element={<SignUp />} />
            <Route element={<Shell />}>
              <Route path="/" element={<LobbyScreen />} />
              <Route path="/chats" element={<ChatsScreen />} />
              <Route path="/rooms/:id" element={<RoomScreen />} />
              <Route path="/rooms/:id/members" element={<RoomScreen members />} />
              <Route path="/me" element={<Profile />} />
              <Route path="*" element={<Lost />} />
            </Route>
          </Routes>
        </BrowserRouter>
        <Toasts />
      </QueryClientProvider>
    </Boundary>
  );
}
