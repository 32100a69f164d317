// Cuts C++ source into words and marks with their lines, without comments, preprocessor lines and what strings hold.
// Refers to the text. No state beyond its place in it.
#pragma once

#include <cstdint>
#include <string_view>

namespace tasks::inspect {

struct Lexeme {
    enum class Kind : std::uint8_t { end, word, number, text, mark, directive };
    Kind kind = Kind::end;
    std::string_view text; ///< a mark is one character, but for "::", "->", "&&", "||"
    std::uint32_t line = 0;
    std::uint32_t column = 0;

    bool is(std::string_view wanted) const noexcept { return text == wanted && kind != Kind::text; }
};

class SourceLexer {
public:
    explicit SourceLexer(std::string_view text) : text_(text) {}

    Lexeme next();

private:
    char peek(std::size_t ahead = 0) const noexcept { return at_ + ahead < text_.size() ? text_[at_ + ahead] : '\0'; }
    void step(std::size_t count = 1) noexcept;
    void skip_blanks_and_comments();
    void skip_quoted(char quote);
    void skip_raw_string();
    Lexeme directive(Lexeme lexeme);
    bool starts_string() const noexcept;

    std::string_view text_;
    std::size_t at_ = 0;
    std::uint32_t line_ = 1;
    std::uint32_t column_ = 1;
    bool line_begins_ = true; ///< nothing but blanks on this line so far
};

} // namespace tasks::inspect
