import { keepPreviousData, useMutation, useQuery } from '@tanstack/react-query';
import { useNavigate } from './route';
import { api } from './api';
import { applyRoom } from './rooms';
import { useMe } from './session';
import { learnUsers } from './users';

/** People whose name has the query in it, without oneself. What was found before stays until the next answer. */
export function usePeople(query: string) {
  const me = useMe();
  return useQuery({
    queryKey: ['people', query],
    queryFn: async () => {
      const { users } = await api.findUsers(query);
      learnUsers(users);
      return users;
    },
    select: (users) => users.filter((user) => user.id !== me?.id),
    enabled: query !== '',
    placeholderData: keepPreviousData,
    // Names change, people come.
    staleTime: 10_000,
  });
}

/** Opens the direct room with somebody and goes there. */
export function useOpenDirect(then: () => void) {
  const navigate = useNavigate();
  return useMutation({
    mutationFn: api.openDirect,
    onSuccess: ({ room, membership }) => {
      applyRoom(room, membership);
      then();
      navigate(`/rooms/${room.id}`);
    },
  });
}
