import { QueryClientProvider } from '@tanstack/react-query';
import { Route, Router, Switch } from 'wouter';
import { queryClient } from '../lib/queryClient';
import { countDepth } from '../lib/route';
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
        <Router aroundNav={countDepth}>
          <Banner />
          <Ended />
          <Switch>
            <Route path="/login">
              <Outside>
                <LogIn />
              </Outside>
            </Route>
            <Route path="/signup">
              <Outside>
                <SignUp />
              </Outside>
            </Route>
            <Route>
              <Shell>
                <Switch>
                  <Route path="/" component={LobbyScreen} />
                  <Route path="/chats" component={ChatsScreen} />
                  <Route path="/rooms/:id/:panel?" component={RoomPage} />
                  <Route path="/people" component={PeopleScreen} />
                  <Route path="/me">
                    <Profile />
                  </Route>
                  <Route component={Lost} />
                </Switch>
              </Shell>
            </Route>
          </Switch>
        </Router>
        <Toasts />
        <Tooltips />
      </QueryClientProvider>
    </Boundary>
  );
}
