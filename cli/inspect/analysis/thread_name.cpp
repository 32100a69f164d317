#include "analysis/thread_name.hpp"

#include <algorithm>
#include <array>

#include "analysis/frame_waits.hpp"
#include "analysis/function_name.hpp"

namespace tasks::inspect {
namespace {

// Where a thread begins: glibc's and musl's, and what sanitizers put in between.
constexpr std::array beginnings{std::string_view{"start_thread"},
                                std::string_view{"clone"},
                                std::string_view{"clone3"},
                                std::string_view{"__clone"},
                                std::string_view{"__clone3"},
                                std::string_view{"asan_thread_start"},
                                std::string_view{"__tsan_thread_start_func"}};

// Start routines that only call what the program asked for.
constexpr std::array wrappers{std::string_view{"execute_native_thread_routine"}, // libstdc++
                              std::string_view{"execute_native_thread_routine_compat"},
                              std::string_view{"thread_proxy"}, // Boost.Thread
                              std::string_view{"QThreadPrivate::start"}};

bool is_libc(std::string_view module) {
    const auto name = module.substr(module.rfind('/') + 1);
    return name.starts_with("libc.so") || name.starts_with("libc-2") || name.starts_with("libpthread") ||
           name.starts_with("ld-musl");
}

bool is_libstdcpp(std::string_view module) { return module.substr(module.rfind('/') + 1).starts_with("libstdc++.so"); }

bool begins_thread(const Frame& frame) {
    const auto name = std::string_view{frame.function}.substr(0, frame.function.find('@'));
    return std::ranges::find(beginnings, name) != beginnings.end() || name.starts_with("__asan::") ||
           (name.empty() && is_libc(frame.module));
}

bool is_wrapper(const Frame& frame) {
    const auto name = routine_name(frame.function);
    return std::ranges::find(wrappers, name) != wrappers.end() || name.starts_with("boost::detail::thread_data<") ||
           (frame.function.empty() && is_libstdcpp(frame.module));
}

/// The argument with that number, from 0, of the template argument list that `text` begins after the `<` of.
std::string_view argument(std::string_view text, std::size_t number) {
    std::size_t begin = 0;
    for (std::size_t at = 0; at < text.size();) {
        const char c = text[at];
        if (c == ',' || c == '>') {
            if (number == 0 || c == '>') {
                return number == 0 ? text.substr(begin, at - begin) : std::string_view{};
            }
            --number;
            begin = std::min(text.find_first_not_of(' ', at + 1), text.size());
            at = begin;
            continue;
        }
        at = c == '(' || c == '<' || c == '{' || c == '[' ? nesting_end(text, at) : at + 1;
    }
    return {};
}

std::string_view after(std::string_view text, std::string_view mark) {
    const auto at = text.find(mark);
    return at == text.npos ? std::string_view{} : text.substr(at + mark.size());
}

/// The type of what was handed to the thread, from the function that the library instantiates for it; "" no such one.
std::string_view callable_type(std::string_view function) {
    if (const auto tuple = after(function, "::_State_impl<std::thread::_Invoker<std::tuple<"); !tuple.empty()) {
        return argument(tuple, 0); // libstdc++
    }
    if (const auto tuple = after(after(function, "__thread_proxy"), "tuple<"); !tuple.empty()) {
        return argument(tuple, 1); // libc++; the first is the thread's own data
    }
    if (const auto tuple = after(function, "::_Async_state_impl<std::thread::_Invoker<std::tuple<"); !tuple.empty()) {
        return argument(tuple, 0); // std::async
    }
    return argument(after(function, "boost::detail::thread_data<"), 0);
}

/// A pointer, or a part of the library, calls what only the next frame tells.
bool names_routine(std::string_view type) {
    return !type.empty() && type.find("(*)") == type.npos && type.find("::*)") == type.npos &&
           !type.starts_with("std::") && !type.starts_with("boost::");
}

} // namespace

std::string routine_name(std::string_view demangled) {
    auto name = without_return_type(demangled);
    if (const auto call = name.rfind("::operator()"); call != name.npos && call != 0) {
        name = name.substr(0, call);
        return std::string{name};
    }
    for (std::size_t at = 0; at < name.size();) {
        const auto rest = name.substr(at);
        if (rest.front() == '(' && !rest.starts_with("(anonymous namespace)")) {
            const auto end = nesting_end(name, at);
            if (!name.substr(end).starts_with("::")) { // else a function that holds a local class
                return std::string{name.substr(0, at)};
            }
            at = end;
            continue;
        }
        at = rest.front() == '<' || rest.front() == '{' || rest.front() == '[' || rest.front() == '('
                 ? nesting_end(name, at)
                 : at + 1;
    }
    return std::string{name};
}

std::string thread_routine(std::span<const Frame> frames) {
    auto left = frames.size();
    while (left > 0 && begins_thread(frames[left - 1])) {
        --left;
    }
    if (left == frames.size()) {
        return {}; // it does not begin as a thread does
    }
    bool wrapped = false;
    for (; left > 0; --left) {
        const auto& frame = frames[left - 1];
        const auto type = callable_type(frame.function);
        if (names_routine(type)) {
            return std::string{type};
        }
        if (type.empty() && !is_wrapper(frame) && !(wrapped && in_runtime(frame))) {
            return routine_name(frame.function);
        }
        wrapped = true;
    }
    return {};
}

std::string thread_name(std::string_view own, std::string_view of_process, std::span<const Frame> frames) {
    if (own != of_process && !own.empty()) {
        return std::string{own};
    }
    auto routine = thread_routine(frames);
    return routine.empty() ? std::string{own} : routine;
}

} // namespace tasks::inspect
