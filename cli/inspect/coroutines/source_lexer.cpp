#include "coroutines/source_lexer.hpp"

#include <algorithm>

namespace tasks::inspect {

namespace {

bool is_word_start(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == '$' || static_cast<signed char>(c) < 0;
}

bool is_digit(char c) { return c >= '0' && c <= '9'; }

bool is_word(char c) { return is_word_start(c) || is_digit(c); }

} // namespace

void SourceLexer::step(std::size_t count) noexcept {
    for (; count > 0 && at_ < text_.size(); --count, ++at_) {
        if (text_[at_] == '\n') {
            ++line_;
            column_ = 1;
            line_begins_ = true;
        } else {
            ++column_;
        }
    }
}

void SourceLexer::skip_blanks_and_comments() {
    while (at_ < text_.size()) {
        const char c = peek();
        if (c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f' || c == '\v') {
            step();
        } else if (c == '\\' && (peek(1) == '\n' || (peek(1) == '\r' && peek(2) == '\n'))) {
            const bool begins = line_begins_;
            step(peek(1) == '\n' ? 2 : 3);
            line_begins_ = begins;
        } else if (c == '/' && peek(1) == '/') {
            while (at_ < text_.size() && peek() != '\n')
                step(peek() == '\\' && peek(1) == '\n' ? 2 : 1);
        } else if (c == '/' && peek(1) == '*') {
            const auto end = text_.find("*/", at_ + 2);
            step(end == std::string_view::npos ? text_.size() - at_ : end + 2 - at_);
        } else {
            return;
        }
    }
}

void SourceLexer::skip_quoted(char quote) {
    step();
    while (at_ < text_.size() && peek() != quote && peek() != '\n')
        step(peek() == '\\' ? 2 : 1);
    if (peek() == quote)
        step();
}

// R"x( ... )x": at the quote.
void SourceLexer::skip_raw_string() {
    constexpr std::size_t longest_delimiter = 16;
    const auto open = text_.find('(', at_);
    if (open == std::string_view::npos || open - at_ - 1 > longest_delimiter)
        return skip_quoted('"');
    const auto delimiter = text_.substr(at_ + 1, open - at_ - 1);
    for (auto close = text_.find(')', open); close != std::string_view::npos; close = text_.find(')', close + 1))
        if (text_.substr(close + 1).starts_with(delimiter) && close + 1 + delimiter.size() < text_.size() &&
            text_[close + 1 + delimiter.size()] == '"')
            return step(close + delimiter.size() + 2 - at_);
    step(text_.size() - at_);
}

Lexeme SourceLexer::directive(Lexeme lexeme) {
    const std::size_t start = at_;
    while (at_ < text_.size() && peek() != '\n') {
        if (peek() == '/' && peek(1) == '*')
            skip_blanks_and_comments();
        else
            step(peek() == '\\' && peek(1) == '\n' ? 2 : 1);
    }
    lexeme.kind = Lexeme::Kind::directive;
    lexeme.text = text_.substr(start, at_ - start);
    return lexeme;
}

Lexeme SourceLexer::next() {
    skip_blanks_and_comments();
    Lexeme lexeme;
    lexeme.line = line_;
    lexeme.column = column_;
    const std::size_t start = at_;
    const char c = peek();
    if (at_ >= text_.size())
        return lexeme;
    if (c == '#' && line_begins_)
        return directive(lexeme);
    line_begins_ = false;
    if (is_word_start(c)) {
        while (is_word(peek()))
            step();
        lexeme.kind = Lexeme::Kind::word;
        lexeme.text = text_.substr(start, at_ - start);
        if ((peek() == '"' || peek() == '\'') && lexeme.text.size() <= 3 &&
            lexeme.text.find_first_not_of("uU8LR") == std::string_view::npos) {
            lexeme.text.back() == 'R' && peek() == '"' ? skip_raw_string() : skip_quoted(peek());
            lexeme.kind = Lexeme::Kind::text;
            line_begins_ = false;
        }
    } else if (is_digit(c) || (c == '.' && is_digit(peek(1)))) {
        while (is_word(peek()) || peek() == '.' || (peek() == '\'' && is_word(peek(1))))
            step();
        lexeme.kind = Lexeme::Kind::number;
    } else if (c == '"' || c == '\'') {
        skip_quoted(c);
        lexeme.kind = Lexeme::Kind::text;
    } else {
        const auto two = text_.substr(at_, 2);
        step(two == "::" || two == "->" || two == "&&" || two == "||" ? 2 : 1);
        lexeme.kind = Lexeme::Kind::mark;
    }
    lexeme.text = text_.substr(start, at_ - start);
    return lexeme;
}

} // namespace tasks::inspect
