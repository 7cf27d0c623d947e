//! Tokens to the tree: text, actions and the blocks they open and close.

mod pipeline;

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::error::{ParseError, Position};
use crate::functions::Functions;
use crate::lex::{Token, TokenKind, lex};
use crate::tree::{Branch, Definition, Node, Pipeline, Template};

/// Blocks and parentheses inside one another. Each level costs a few stack frames.
const DEPTH_MAX: usize = 100;

impl Template {
    /// Reads a template that can be rendered under `name`, as can all that it defines. `variables`
    /// (with their dollar) are those that the caller will bring along.
    ///
    /// # Errors
    /// When the text is no template.
    pub fn parse(
        name: &str,
        text: &str,
        functions: &Functions,
        variables: &[&str],
    ) -> Result<Self, ParseError> {
        let mut template = Self::default();
        template.add(name, text, functions, variables)?;
        Ok(template)
    }

    /// Reads another text into this set. A definition replaces an earlier one of its name, unless
    /// it is empty and the earlier one is not.
    ///
    /// # Errors
    /// When the text is no template; nothing is added then.
    pub fn add(
        &mut self,
        name: &str,
        text: &str,
        functions: &Functions,
        variables: &[&str],
    ) -> Result<(), ParseError> {
        let source: Arc<str> = Arc::from(name);
        let tokens = lex(&source, text)?;
        let mut parser = Parser {
            source: Arc::clone(&source),
            tokens,
            cursor: 0,
            functions,
            variables: variables.iter().map(|name| (*name).to_owned()).collect(),
            definitions: BTreeMap::new(),
            ranges: 0,
            depth: 0,
            last: Position { line: 1, column: 1 },
        };
        let (body, end) = parser.nodes()?;
        if let Some(end) = end {
            return Err(parser.error(end.at, format!("unexpected {}", end.keyword.describe())));
        }
        let mut definitions = parser.definitions;
        definitions.insert(name.to_owned(), Definition { source, body: body.into() });
        for (name, definition) in definitions {
            let keeps = self.definitions.contains_key(&name) && is_empty(&definition.body);
            if !keeps {
                self.definitions.insert(name, definition);
            }
        }
        Ok(())
    }
}

fn is_empty(body: &[Node]) -> bool {
    body.iter().all(|node| match node {
        Node::Text(text) => text.trim().is_empty(),
        Node::Action(_)
        | Node::If(_)
        | Node::With(_)
        | Node::Range(_)
        | Node::Template { .. }
        | Node::Break
        | Node::Continue => false,
    })
}

/// What ended a list of nodes before the end of the text.
struct BlockEnd {
    keyword: EndKeyword,
    at: Position,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum EndKeyword {
    End,
    Else,
}

impl EndKeyword {
    fn describe(self) -> &'static str {
        match self {
            Self::End => "{{end}}",
            Self::Else => "{{else}}",
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum BranchKind {
    If,
    With,
    Range,
}

impl BranchKind {
    fn word(self) -> &'static str {
        match self {
            Self::If => "if",
            Self::With => "with",
            Self::Range => "range",
        }
    }
}

struct Parser<'a> {
    source: Arc<str>,
    tokens: Vec<Token>,
    /// The next token.
    cursor: usize,
    functions: &'a Functions,
    /// Those in scope, innermost last.
    variables: Vec<String>,
    definitions: BTreeMap<String, Definition>,
    /// Open `range` blocks.
    ranges: usize,
    depth: usize,
    /// Where the last token stood, for messages about the end.
    last: Position,
}

impl Parser<'_> {
    /// Nodes up to `{{end}}`, `{{else`, or the end of the text (`None`). Of `{{else` only the word
    /// is consumed: what follows it depends on the block.
    fn nodes(&mut self) -> Result<(Vec<Node>, Option<BlockEnd>), ParseError> {
        let mut nodes = Vec::new();
        loop {
            let token = self.next();
            if token.kind == TokenKind::End {
                return Ok((nodes, None));
            }
            if let TokenKind::Text(text) = token.kind {
                nodes.push(Node::Text(text));
                continue;
            }
            match self.action(token.at)? {
                Action::Node(node) => nodes.push(node),
                Action::Nothing => {}
                Action::Ends(end) => return Ok((nodes, Some(end))),
            }
        }
    }

    /// One action; its opening delimiter is consumed.
    fn action(&mut self, at: Position) -> Result<Action, ParseError> {
        let keyword =
            if let TokenKind::Word(word) = self.peek() { word.clone() } else { String::new() };
        let node = match keyword.as_str() {
            "if" => self.branch(BranchKind::If)?,
            "with" => self.branch(BranchKind::With)?,
            "range" => self.branch(BranchKind::Range)?,
            "template" => self.template()?,
            "block" => self.block(at)?,
            "break" => self.leave("break", Node::Break)?,
            "continue" => self.leave("continue", Node::Continue)?,
            "define" => {
                self.define(at)?;
                return Ok(Action::Nothing);
            }
            "end" => {
                self.next();
                self.close("end")?;
                return Ok(Action::Ends(BlockEnd { keyword: EndKeyword::End, at }));
            }
            "else" => {
                self.next();
                return Ok(Action::Ends(BlockEnd { keyword: EndKeyword::Else, at }));
            }
            _ => Node::Action(self.pipeline("command", &TokenKind::Close)?),
        };
        Ok(Action::Node(node))
    }

    fn branch(&mut self, kind: BranchKind) -> Result<Node, ParseError> {
        let opened = self.next().at;
        self.enter(opened)?;
        let mark = self.variables.len();
        let pipeline = self.pipeline(kind.word(), &TokenKind::Close)?;
        self.ranges += usize::from(kind == BranchKind::Range);
        let (body, end) = self.nodes()?;
        self.ranges -= usize::from(kind == BranchKind::Range);
        let end = self.ended(end, kind.word(), opened)?;
        let mut otherwise = Vec::new();
        if end.keyword == EndKeyword::Else {
            otherwise = self.otherwise(kind, opened)?;
        }
        self.variables.truncate(mark);
        self.depth -= 1;
        let branch = Branch { pipeline, body, otherwise };
        Ok(match kind {
            BranchKind::If => Node::If(branch),
            BranchKind::With => Node::With(branch),
            BranchKind::Range => Node::Range(branch),
        })
    }

    /// What follows the word `else`: `if …` or `with …`, which share the block's `{{end}}`, or the
    /// nodes up to it.
    fn otherwise(&mut self, kind: BranchKind, opened: Position) -> Result<Vec<Node>, ParseError> {
        let chained = match (kind, self.peek()) {
            (BranchKind::If, TokenKind::Word(word)) => word == "if",
            (BranchKind::With, TokenKind::Word(word)) => word == "with",
            _ => false,
        };
        if chained {
            return Ok(vec![self.branch(kind)?]);
        }
        self.close("else")?;
        let (nodes, end) = self.nodes()?;
        let end = self.ended(end, kind.word(), opened)?;
        match end.keyword {
            EndKeyword::End => Ok(nodes),
            EndKeyword::Else => Err(self.error(end.at, "expected {{end}}; found {{else}}")),
        }
    }

    /// `{{template "name" pipeline}}`.
    fn template(&mut self) -> Result<Node, ParseError> {
        let at = self.next().at;
        let name = self.name("template clause")?;
        let argument = self.argument("template clause")?;
        Ok(Node::Template { name, argument, at })
    }

    fn argument(&mut self, context: &'static str) -> Result<Option<Pipeline>, ParseError> {
        if *self.peek() == TokenKind::Close {
            self.next();
            return Ok(None);
        }
        self.pipeline(context, &TokenKind::Close).map(Some)
    }

    /// `{{block "name" pipeline}} … {{end}}`: a definition and its use in one.
    fn block(&mut self, at: Position) -> Result<Node, ParseError> {
        self.next();
        let name = self.name("block clause")?;
        let argument = Some(self.pipeline("block clause", &TokenKind::Close)?);
        self.definition(name.clone(), at)?;
        Ok(Node::Template { name, argument, at })
    }

    /// `{{define "name"}} … {{end}}`.
    fn define(&mut self, at: Position) -> Result<(), ParseError> {
        self.next();
        if self.depth > 0 {
            return Err(self.error(at, "unexpected {{define}} inside another block"));
        }
        let name = self.name("define clause")?;
        self.close("define clause")?;
        self.definition(name, at)
    }

    /// The body of a definition, which sees no variables of the text around it.
    fn definition(&mut self, name: String, at: Position) -> Result<(), ParseError> {
        self.enter(at)?;
        let outer = std::mem::take(&mut self.variables);
        let ranges = std::mem::take(&mut self.ranges);
        let (body, end) = self.nodes()?;
        self.variables = outer;
        self.ranges = ranges;
        self.depth -= 1;
        let end = self.ended(end, "define", at)?;
        if end.keyword == EndKeyword::Else {
            return Err(self.error(end.at, "unexpected {{else}} in define clause"));
        }
        let body: Arc<[Node]> = body.into();
        let known = self.definitions.get(&name);
        if known.is_some_and(|known| !is_empty(&known.body)) && !is_empty(&body) {
            return Err(self.error(at, format!("multiple definition of template {name:?}")));
        }
        if known.is_none() || !is_empty(&body) {
            self.definitions.insert(name, Definition { source: Arc::clone(&self.source), body });
        }
        Ok(())
    }

    fn leave(&mut self, word: &'static str, node: Node) -> Result<Node, ParseError> {
        let at = self.next().at;
        if self.ranges == 0 {
            return Err(self.error(at, format!("{{{{{word}}}}} outside {{{{range}}}}")));
        }
        self.close(word)?;
        Ok(node)
    }

    fn name(&mut self, context: &'static str) -> Result<String, ParseError> {
        let token = self.next();
        if let TokenKind::String(name) = token.kind {
            return Ok(name);
        }
        Err(self.unexpected(token.at, &token.kind, context))
    }

    fn close(&mut self, context: &'static str) -> Result<(), ParseError> {
        let token = self.next();
        if token.kind == TokenKind::Close {
            return Ok(());
        }
        Err(self.unexpected(token.at, &token.kind, context))
    }

    fn ended(
        &self,
        end: Option<BlockEnd>,
        word: &'static str,
        opened: Position,
    ) -> Result<BlockEnd, ParseError> {
        end.ok_or_else(|| self.error(opened, format!("{{{{{word}}}}} without {{{{end}}}}")))
    }

    /// One block or parenthesis deeper; the caller counts back.
    fn enter(&mut self, at: Position) -> Result<(), ParseError> {
        self.depth += 1;
        if self.depth > DEPTH_MAX {
            return Err(self.error(at, format!("more than {DEPTH_MAX} blocks in one another")));
        }
        Ok(())
    }

    fn peek(&self) -> &TokenKind {
        self.ahead(0).map_or(&TokenKind::End, |token| &token.kind)
    }

    /// The token `distance` behind the next one.
    fn ahead(&self, distance: usize) -> Option<&Token> {
        self.tokens.get(self.cursor.saturating_add(distance))
    }

    fn next(&mut self) -> Token {
        let end = Token { kind: TokenKind::End, at: self.last, follows_space: false };
        let token = self.ahead(0).cloned().unwrap_or(end);
        self.cursor += 1;
        self.last = token.at;
        token
    }

    fn unexpected(&self, at: Position, kind: &TokenKind, context: &str) -> ParseError {
        self.error(at, format!("unexpected {} in {context}", kind.describe()))
    }

    fn error(&self, at: Position, message: impl Into<String>) -> ParseError {
        ParseError { name: Arc::clone(&self.source), at, message: message.into() }
    }
}

enum Action {
    Node(Node),
    /// A definition leaves nothing in its place.
    Nothing,
    Ends(BlockEnd),
}
