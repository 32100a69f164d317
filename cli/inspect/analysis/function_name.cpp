#include "analysis/function_name.hpp"

#include <array>

namespace tasks::inspect {

namespace {

constexpr std::string_view operator_word = "operator";

bool in_identifier(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '$';
}

// "operator" as a word of its own at `at`.
bool operator_at(std::string_view text, std::size_t at) {
    return text.substr(at).starts_with(operator_word) && (at == 0 || !in_identifier(text[at - 1])) &&
           (at + operator_word.size() >= text.size() || !in_identifier(text[at + operator_word.size()]));
}

// The index after an operator's name that begins at `at`: its own brackets are part of the name.
std::size_t operator_name_end(std::string_view text, std::size_t at) {
    at += operator_word.size();
    const auto rest = text.substr(at);
    for (const std::string_view symbol :
         {"()", "[]", "->*", "->", "<=>", "<<=", ">>=", "<<", ">>", "<=", ">=", "<", ">"}) {
        if (rest.starts_with(symbol)) {
            return at + symbol.size();
        }
    }
    return at;
}

bool opens(char c) { return c == '(' || c == '<' || c == '{' || c == '['; }
bool closes(char c) { return c == ')' || c == '>' || c == '}' || c == ']'; }

} // namespace

std::size_t nesting_end(std::string_view text, std::size_t open) {
    std::size_t depth = 0;
    for (std::size_t at = open; at < text.size();) {
        if (operator_at(text, at)) {
            at = operator_name_end(text, at);
            continue;
        }
        const char c = text[at];
        const bool arrow = c == '>' && at > 0 && text[at - 1] == '-';
        depth += opens(c) ? 1u : 0u;
        if (closes(c) && !arrow && --depth == 0) {
            return at + 1;
        }
        ++at;
    }
    return text.size();
}

std::string_view without_return_type(std::string_view demangled) {
    std::size_t begin = 0;
    for (std::size_t at = 0; at < demangled.size();) {
        const auto rest = demangled.substr(at);
        if (operator_at(demangled, at)) {
            break; // what follows, blanks too, is the operator's name and arguments
        }
        if (rest.front() == '(' && !rest.starts_with("(anonymous namespace)") &&
            !demangled.substr(0, at).ends_with("decltype")) {
            // Arguments; but "f(int)::{lambda()#1}::operator()" goes on: the name began before them either way.
            break;
        }
        if (rest.front() == ' ') {
            begin = at + 1;
        }
        at = opens(rest.front()) ? nesting_end(demangled, at) : at + 1;
    }
    return demangled.substr(begin);
}

} // namespace tasks::inspect
