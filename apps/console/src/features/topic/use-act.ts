import { useMutation, useQueryClient } from "@tanstack/react-query";
import { toast } from "sonner";
import { explain } from "../../rest/problem-error.ts";

/** A change of a topic: says how it went in a toast, refreshes what was read of the topic, closes its dialog. */
export function useAct<T>({
  topic,
  act,
  done,
  onDone,
}: {
  topic: string;
  act: () => Promise<T>;
  done: (result: T) => string;
  onDone: (result: T) => void;
}) {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: act,
    onSuccess: (result) => {
      toast.success(done(result));
      void queries.invalidateQueries({ queryKey: ["topic", topic] });
      onDone(result);
    },
    onError: (error) => {
      const { title, text } = explain(error);
      toast.error(title, { description: text });
    },
  });
}
