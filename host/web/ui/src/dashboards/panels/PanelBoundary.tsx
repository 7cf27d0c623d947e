import { Component, type ReactNode } from "react";
import { ErrorText } from "../../components/ErrorText";

interface Props {
  /** What is drawn: with anything else of it, drawing is tried again. */
  of: readonly unknown[];
  children: ReactNode;
}

interface State {
  of: readonly unknown[];
  error: Error | null;
}

/** Keeps a panel that cannot be drawn from taking the dashboard with it. */
export class PanelBoundary extends Component<Props, State> {
  override state: State = { of: this.props.of, error: null };

  static getDerivedStateFromError(error: unknown): Partial<State> {
    return { error: error instanceof Error ? error : new Error(String(error)) };
  }

  static getDerivedStateFromProps({ of }: Props, state: State): Partial<State> | null {
    const isSame = of.length === state.of.length && of.every((each, index) => Object.is(each, state.of[index]));
    return isSame ? null : { of, error: null };
  }

  override render() {
    const { error } = this.state;
    if (!error) return this.props.children;
    return (
      <div role="alert">
        <ErrorText>
          {`This panel could not be drawn: ${error.message}\nIt is tried again with the next data; if it stays so, load the page again.`}
        </ErrorText>
      </div>
    );
  }
}
