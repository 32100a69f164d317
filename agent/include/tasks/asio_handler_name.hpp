// What a callback's operation is called where the program tells no line: the type of its handler, cut out of the type
// of the operation at compile time. "boost::asio::detail::wait_handler<main()::<lambda(auto:1)>,
// boost::asio::any_io_executor>" becomes "main()::<lambda(auto:1)>". Part of <tasks/asio.hpp>.
#pragma once

#include <cstddef>
#include <string_view>

namespace tasks::asio_adapter {

/// Of Asio's or the standard library's own: what wraps a handler, or goes with it.
constexpr bool is_library_type(std::string_view name) noexcept {
    constexpr std::string_view constant = "const ";
    if (name.substr(0, constant.size()) == constant)
        name.remove_prefix(constant.size());
    for (const std::string_view prefix : {"boost::", "asio::", "std::"})
        if (name.substr(0, prefix.size()) == prefix)
            return true;
    return false;
}

/// The template argument that begins here, to its end.
constexpr std::string_view argument_at(std::string_view from) noexcept {
    std::size_t depth = 0;
    for (std::size_t at = 0; at < from.size(); ++at) {
        const char letter = from[at];
        if (depth == 0 && (letter == ',' || letter == '>'))
            return from.substr(0, at - (from[at - 1] == ' ' ? 1 : 0)); // "> >"
        if (letter == '<' || letter == '(' || letter == '{' || letter == '[')
            ++depth;
        else if ((letter == '>' && from[at - 1] != '-') || letter == ')' || letter == '}' || letter == ']')
            depth = depth == 0 ? 0 : depth - 1;
    }
    return from;
}

/// The first template argument, at any depth, that is no library's; else the whole.
constexpr std::string_view handler_in(std::string_view operation) noexcept {
    for (std::size_t at = 1; at < operation.size(); ++at) {
        const bool begins =
            operation[at - 1] == '<' || (at > 1 && operation[at - 2] == ',' && operation[at - 1] == ' ');
        if (begins && !is_library_type(operation.substr(at)))
            return argument_at(operation.substr(at));
        if (begins)
            continue;
        if (operation[at - 1] == '(') // a function's arguments
            return operation;
    }
    return operation;
}

/// The text of T in a function's name as the compiler writes it: "... [with T = int]", "... [T = int]".
constexpr std::string_view type_in(std::string_view function) noexcept {
    const std::size_t equals = function.find("T = ");
    if (equals == std::string_view::npos || function.empty())
        return function;
    const std::string_view type = function.substr(equals + 4, function.size() - equals - 5);
    return type.substr(0, type.find("; ")); // g++ goes on with what else it names
}

/// The name as a literal of the program's, at most 200 bytes of it.
template <class T> struct HandlerName {
    static constexpr std::size_t most = 200;
    struct Text {
        char bytes[most + 1] = {};
    };
    static constexpr Text made() noexcept {
        const std::string_view name = handler_in(type_in(__PRETTY_FUNCTION__));
        Text text;
        for (std::size_t at = 0; at < name.size() && at < most; ++at)
            text.bytes[at] = name[at];
        return text;
    }
    static constexpr Text text = made();
};

} // namespace tasks::asio_adapter
