#include "render/function_text.hpp"

#include <array>

#include "analysis/function_name.hpp"

namespace tasks::render {

namespace {

constexpr std::size_t longest_list = 24;
constexpr std::string_view lambda = "{lambda";
constexpr std::string_view unnamed = "{anonymous}"; // as g++ writes it in __PRETTY_FUNCTION__
constexpr std::string_view operator_word = "operator";

bool ends_operator_name(std::string_view before) {
    return before.ends_with(operator_word) || before.ends_with("operator<") || before.ends_with("operator-");
}

// "{lambda(int)#2}" without its parameters, the number only where it is not the first; where it ends: `end`.
std::string short_lambda(std::string_view text) {
    const auto hash = text.rfind('#');
    const auto ordinal = hash == std::string_view::npos ? std::string_view() : text.substr(hash + 1);
    return ordinal.empty() || ordinal == "1}" ? "{lambda}" : std::string("{lambda#").append(ordinal);
}

// A lambda's own call operator says nothing: its length at the start of `rest`, else 0.
std::size_t call_operator(std::string_view rest) {
    constexpr std::string_view call = "::operator()";
    if (!rest.starts_with(call)) {
        return 0;
    }
    auto end = call.size();
    if (end < rest.size() && rest[end] == '<') {
        end = inspect::nesting_end(rest, end);
    }
    return end < rest.size() && rest[end] == '(' ? inspect::nesting_end(rest, end) : end;
}

void drop_tail(std::string& text) {
    constexpr std::array<std::string_view, 8> tails{
        " const", " volatile", " &&", " &", " noexcept", "[abi:cxx11]", " [clone .actor]", " [clone .resume]"};
    for (bool dropped = true; dropped;) {
        dropped = false;
        for (const auto tail : tails) {
            if (text.ends_with(tail)) {
                text.resize(text.size() - tail.size());
                dropped = true;
            }
        }
    }
    if (text.ends_with("()") && !text.ends_with("operator()")) {
        text.resize(text.size() - 2);
    }
}

} // namespace

std::string short_function(std::string_view demangled) {
    if (demangled.find_first_of("(<{[") == demangled.npos) { // no function has a return type there: "charge card"
        return std::string(demangled);
    }
    const auto name = inspect::without_return_type(demangled);
    std::string text;
    for (std::size_t at = 0; at < name.size();) {
        const auto rest = name.substr(at);
        const char c = rest.front();
        if (rest.starts_with("<lambda(")) { // as g++ writes it in its debug information
            text += "{lambda}";
            at = inspect::nesting_end(name, at);
            at += call_operator(name.substr(at));
        } else if (rest.starts_with(unnamed)) {
            text += "(anonymous namespace)";
            at += unnamed.size();
        } else if (rest.starts_with(lambda)) {
            const auto end = inspect::nesting_end(name, at);
            text += short_lambda(name.substr(at, end - at));
            at = end + call_operator(name.substr(end));
        } else if ((c == '<' || c == '(') && !ends_operator_name(name.substr(0, at))) {
            const auto end = inspect::nesting_end(name, at);
            const auto list = name.substr(at, end - at);
            const bool keep = list.size() <= longest_list + 2 && list.find(lambda) == std::string_view::npos;
            text += keep ? std::string(list) : c == '<' ? "<...>" : "(...)";
            at = end;
        } else {
            text += c;
            ++at;
        }
    }
    drop_tail(text);
    return text;
}

std::string site_function(std::string_view function) {
    if (function.find('(') != std::string_view::npos) {
        return short_function(function);
    }
    const bool address = function.find("+0x") != std::string_view::npos || function.starts_with("0x");
    return std::string(function).append(address ? "" : "(...)");
}

} // namespace tasks::render
