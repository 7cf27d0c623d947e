import { EmptyState } from "../components/EmptyState";
import { Link } from "../router";

export function NotFoundPage({ page }: { page: string }) {
  return (
    <EmptyState title={`There is no page “/${page}”`}>
      The navigation above leads to all pages. Most people start at the <Link page="query">query page</Link>.
    </EmptyState>
  );
}
