import { useMutation, useQueryClient } from "@tanstack/react-query";
import { toast } from "sonner";
import { explain } from "./problem-error.ts";

/** A change made from a dialog: says how it went in a toast, reads again what begins with the key `refresh`, closes the dialog. */
export function useAct<T>({
  refresh,
  act,
  done,
  onDone,
}: {
  refresh?: readonly unknown[];
  act: () => Promise<T>;
  done: (result: T) => string;
  onDone: (result: T) => void;
}) {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: act,
    onSuccess: (result) => {
      toast.success(done(result));
      if (refresh !== undefined) void queries.invalidateQueries({ queryKey: refresh });
      onDone(result);
    },
    onError: (error) => {
      const { title, text } = explain(error);
      toast.error(title, { description: text });
    },
  });
}
