#include "coroutines/source_tokens.hpp"

#include <algorithm>
#include <array>

#include "coroutines/source_lexer.hpp"

namespace tasks::inspect {

namespace {

constexpr std::size_t most_lexemes = 500'000; ///< from the declaration on
constexpr std::size_t most_tokens = 4096;

using Lexemes = std::vector<Lexeme>;

bool is_one_of(const Lexeme& lexeme, std::initializer_list<std::string_view> words) {
    return std::any_of(words.begin(), words.end(), [&](std::string_view word) { return lexeme.is(word); });
}

bool is_token(const Lexeme& lexeme) { return is_one_of(lexeme, {"co_await", "co_yield"}); }

/// What may stand for something else: LOG, CHECK_OK.
bool is_macro_name(const Lexeme& lexeme) {
    if (lexeme.kind != Lexeme::Kind::word || lexeme.text.size() < 3)
        return lexeme.is("assert");
    return lexeme.is("assert") || std::all_of(lexeme.text.begin(), lexeme.text.end(), [](char c) {
               return (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
           });
}

bool hides_token(const Lexeme& lexeme) {
    const auto has = [&](std::string_view part) { return lexeme.text.find(part) != std::string_view::npos; };
    return is_macro_name(lexeme) && (has("AWAIT") || has("YIELD") || lexeme.text.starts_with("CO_") || has("_CO_"));
}

bool ends_operand(const Lexeme& lexeme) {
    if (is_one_of(lexeme, {"return", "co_return", "co_await", "co_yield", "else", "do", "case", "throw"}))
        return false;
    return lexeme.kind == Lexeme::Kind::word || lexeme.kind == Lexeme::Kind::number ||
           lexeme.kind == Lexeme::Kind::text || is_one_of(lexeme, {")", "]", "}"});
}

class BodyReader {
public:
    BodyReader(std::string_view text, const BodyPlace& place) : place_(place) {
        SourceLexer lexer{text};
        for (Lexeme lexeme = lexer.next(); lexeme.kind != Lexeme::Kind::end && all_.size() < most_lexemes;
             lexeme = lexer.next())
            if (lexeme.line >= place.line)
                all_.push_back(lexeme);
        all_.push_back(Lexeme{});
    }

    std::optional<std::vector<SourceToken>> read() {
        const auto open = find_body();
        if (!open || !read_body(*open))
            return std::nullopt;
        if (has_goto_)
            for (SourceToken& token : tokens_)
                token.in_loop = true;
        return std::move(tokens_);
    }

private:
    const Lexeme& at(std::size_t i) const { return all_[std::min(i, all_.size() - 1)]; }
    bool ended(std::size_t i) const { return i + 1 >= all_.size(); }

    /// Behind the bracket that closes the one at `i`.
    std::optional<std::size_t> behind(std::size_t i) const {
        std::size_t depth = 0;
        for (; !ended(i); ++i) {
            if (is_one_of(at(i), {"(", "[", "{"}))
                ++depth;
            else if (is_one_of(at(i), {")", "]", "}"}) && --depth == 0)
                return i + 1;
        }
        return std::nullopt;
    }

    std::optional<std::size_t> behind_angles(std::size_t i) const {
        std::size_t depth = 0;
        for (; !ended(i); ++i) {
            if (at(i).is("(")) {
                const auto after = behind(i);
                if (!after)
                    return std::nullopt;
                i = *after - 1;
            } else if (at(i).is("<")) {
                ++depth;
            } else if (at(i).is(">") && --depth == 0) {
                return i + 1;
            } else if (is_one_of(at(i), {";", "{", "}"})) {
                return std::nullopt;
            }
        }
        return std::nullopt;
    }

    /// The brace that opens the body behind a function's parameters, or behind a lambda's captures.
    std::optional<std::size_t> body_behind(std::size_t i) const {
        while (!ended(i)) {
            if (at(i).is("{"))
                return i;
            if (is_one_of(at(i), {";", "}", ")", ",", "=", "try", ":"}))
                return std::nullopt;
            const auto after = is_one_of(at(i), {"(", "["}) ? behind(i) : std::optional{i + 1};
            if (!after)
                return std::nullopt;
            i = *after;
        }
        return std::nullopt;
    }

    /// At "[": the brace that opens the lambda's body; empty: it is a subscript, an attribute or a binding.
    std::optional<std::size_t> lambda_body(std::size_t i) const {
        if (at(i + 1).is("[") || (i > 0 && (ends_operand(at(i - 1)) || at(i - 1).is("["))))
            return std::nullopt;
        const auto captured = behind(i);
        if (!captured)
            return std::nullopt;
        const auto parameters = at(*captured).is("<") ? behind_angles(*captured) : captured;
        return parameters ? body_behind(*parameters) : std::nullopt;
    }

    /// At the function's name: the brace that opens its body.
    std::optional<std::size_t> function_body(std::size_t i) const {
        auto parameters = std::optional{i + 1};
        if (at(i + 1).is("<"))
            parameters = behind_angles(i + 1);
        if (!parameters || !at(*parameters).is("("))
            return std::nullopt;
        const auto after = behind(*parameters);
        return after ? body_behind(*after) : std::nullopt;
    }

    std::optional<std::size_t> find_body() const {
        const bool lambda = place_.name == "operator()";
        std::optional<std::size_t> found;
        for (std::size_t i = 0; !ended(i) && at(i).line == place_.line; ++i) {
            const bool named = lambda ? at(i).is("[") : at(i).kind == Lexeme::Kind::word && at(i).is(place_.name);
            const auto body = !named ? std::nullopt : lambda ? lambda_body(i) : function_body(i);
            if (!body)
                continue;
            if (place_.column != 0 && at(i).column == place_.column)
                return body;
            if (found)
                return std::nullopt; // two on one line
            found = body;
        }
        return found;
    }

    struct Block {
        bool loop = false;
        bool code = true; ///< else a braced list in an expression
    };

    bool read_body(std::size_t open) {
        blocks_.assign(1, {false, true});
        begin_statement();
        for (std::size_t i = open + 1; !ended(i);) {
            const auto next = read_one(i);
            if (!next)
                return false;
            if (blocks_.empty())
                return true;
            i = *next;
        }
        return false;
    }

    bool in_code() const { return parentheses_ == 0 && blocks_.back().code; }

    void begin_statement() {
        end_statement();
        statement_token_ = tokens_.size();
        statement_first_ = 0;
        statement_loops_ = false;
        statement_ = {};
    }

    void end_statement() {
        for (std::size_t i = statement_token_; i < tokens_.size(); ++i) {
            tokens_[i].statement_first = statement_first_;
            tokens_[i].statement_last = last_line_;
        }
    }

    /// Reads what begins at `i`; where to go on. Empty: declined.
    std::optional<std::size_t> read_one(std::size_t i) {
        const Lexeme& lexeme = at(i);
        if (lexeme.kind == Lexeme::Kind::directive)
            return directive(lexeme) ? std::optional{i + 1} : std::nullopt;
        if (hides_token(lexeme))
            return std::nullopt;
        if (statement_first_ == 0)
            statement_first_ = lexeme.line;
        last_line_ = std::max(last_line_, lexeme.line);
        if (lexeme.is("["))
            if (const auto body = lambda_body(i))
                return has_token(i, *body) ? std::nullopt : behind(*body);
        if (is_one_of(lexeme, {"struct", "class", "union", "enum"}))
            if (const auto body = class_body(i))
                return behind(*body);
        if (is_macro_name(lexeme) && at(i + 1).is("(")) {
            const auto after = behind(i + 1);
            return !after || has_token(i + 1, *after) ? std::nullopt : std::optional{i + 1};
        }
        if (lexeme.is("for") && !plain_header(i + 1))
            return std::nullopt;
        statement_loops_ = statement_loops_ || is_one_of(lexeme, {"for", "while", "do"});
        has_goto_ = has_goto_ || lexeme.is("goto");
        if (is_token(lexeme) && !add_token(i))
            return std::nullopt;
        note_mark(i);
        bracket(i);
        return i + 1;
    }

    // Of text that may be left out its words count as well; but not where its braces may not be paired.
    bool directive(const Lexeme& lexeme) const {
        const auto has = [&](std::string_view part) { return lexeme.text.find(part) != std::string_view::npos; };
        return !has("#el") && !has("# el") && !has("co_await") && !has("co_yield") && !has("#include");
    }

    bool has_token(std::size_t from, std::size_t to) const {
        for (std::size_t i = from; i < to; ++i)
            if (is_token(at(i)) || hides_token(at(i)))
                return true;
        return false;
    }

    std::optional<std::size_t> class_body(std::size_t i) const {
        for (++i; !ended(i); ++i) {
            if (at(i).is("{"))
                return i;
            if (is_one_of(at(i), {";", "(", ")", ">", ",", "=", "*", "&", "&&"}))
                return std::nullopt;
        }
        return std::nullopt;
    }

    /// Whether no token stands in a for's condition or step: the step is numbered behind the body.
    bool plain_header(std::size_t open) const {
        const auto after = at(open).is("(") ? behind(open) : std::nullopt;
        if (!after)
            return false;
        std::size_t semicolon = open;
        while (semicolon < *after && !at(semicolon).is(";"))
            ++semicolon;
        return !has_token(semicolon, *after);
    }

    void bracket(std::size_t i) {
        const Lexeme& lexeme = at(i);
        if (is_one_of(lexeme, {"(", "["})) {
            ++parentheses_;
        } else if (is_one_of(lexeme, {")", "]"})) {
            parentheses_ -= parentheses_ > 0 ? 1 : 0;
        } else if (lexeme.is("{")) {
            open_brace(i);
        } else if (lexeme.is("}")) {
            close_brace();
        } else if (lexeme.is(";") && in_code()) {
            begin_statement();
        }
    }

    void open_brace(std::size_t i) {
        const bool code = in_code() && is_one_of(at(i - 1), {")", ";", "{", "}", "else", "do", "try", ":"});
        const bool loop = blocks_.back().loop || (code && statement_loops_);
        blocks_.push_back({loop, code});
        held_parentheses_.push_back(parentheses_);
        parentheses_ = 0;
        if (code)
            begin_statement();
    }

    void close_brace() {
        const bool code = blocks_.back().code;
        blocks_.pop_back();
        if (!held_parentheses_.empty()) {
            parentheses_ = held_parentheses_.back();
            held_parentheses_.pop_back();
        }
        if (code)
            begin_statement();
    }

    std::size_t depth() const {
        std::size_t all = parentheses_ + held_parentheses_.size();
        for (const std::size_t held : held_parentheses_)
            all += held;
        return all;
    }

    /// Of a statement's last token: what stood behind it so far.
    struct Behind {
        std::size_t place = 0; ///< of the token, in all_
        std::size_t depth = 0;
        bool any = false;
        bool yields = false;
        bool separated = false; ///< its operand has ended
        bool assigned = false;
    };

    void note_mark(std::size_t i) {
        if (!statement_.any || is_token(at(i)) || at(i).kind != Lexeme::Kind::mark)
            return;
        const std::size_t here = depth();
        const bool separates = is_one_of(at(i), {",", "?", ":", "&&", "||", "+", "-", "*", "/", "%", "|", "^", "&"});
        if (here < statement_.depth || (here == statement_.depth && separates && ends_operand(at(i - 1))) ||
            (here == statement_.depth && is_one_of(at(i), {")", "]", "}"})))
            statement_.separated = true;
        const bool compares = is_one_of(at(i - 1), {"=", "!", "<", ">"}) || at(i + 1).is("=");
        statement_.assigned = statement_.assigned || (at(i).is("=") && !compares);
    }

    bool add_token(std::size_t i) {
        if (tokens_.size() == most_tokens)
            return false;
        SourceToken token;
        token.line = at(i).line;
        token.in_loop = blocks_.back().loop || statement_loops_;
        const bool first = tokens_.size() == statement_token_ || !statement_.any;
        if (!first && (statement_.yields || statement_.assigned || !statement_.separated)) {
            token.ordered = false;
            for (std::size_t k = statement_token_; k < tokens_.size(); ++k)
                tokens_[k].ordered = false;
        }
        tokens_.push_back(token);
        statement_ = {i, depth(), true, statement_.yields || at(i).is("co_yield"), false, statement_.assigned};
        return true;
    }

    BodyPlace place_;
    Lexemes all_;
    std::vector<SourceToken> tokens_;
    std::vector<Block> blocks_;
    std::vector<std::size_t> held_parentheses_; ///< of the text around each open brace
    std::size_t parentheses_ = 0;               ///< open since the last open brace
    std::size_t statement_token_ = 0;           ///< the first of this statement
    std::uint32_t statement_first_ = 0;
    std::uint32_t last_line_ = 0;
    bool statement_loops_ = false;
    bool has_goto_ = false;
    Behind statement_;
};

} // namespace

std::optional<std::vector<SourceToken>> source_tokens(std::string_view text, const BodyPlace& place) {
    if (text.size() > largest_source || place.line == 0 || place.name.empty())
        return std::nullopt;
    return BodyReader{text, place}.read();
}

bool has_token_on(std::string_view text, std::uint32_t line) {
    for (std::uint32_t n = 1; n < line; ++n) {
        const auto end = text.find('\n');
        if (end == std::string_view::npos)
            return false;
        text.remove_prefix(end + 1);
    }
    SourceLexer lexer{text.substr(0, text.find('\n'))};
    for (Lexeme lexeme = lexer.next(); lexeme.kind != Lexeme::Kind::end; lexeme = lexer.next())
        if (is_token(lexeme) || hides_token(lexeme))
            return true;
    return false;
}

} // namespace tasks::inspect
