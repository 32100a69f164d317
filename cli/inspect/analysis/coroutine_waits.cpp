#include "analysis/coroutine_waits.hpp"

#include <algorithm>
#include <array>
#include <vector>

#include "analysis/function_name.hpp"

namespace tasks::inspect {

using protocol::WaitReason;

namespace {

struct OperationWait {
    std::string_view object;    ///< in the class's name; "" whatever it is
    std::string_view operation; ///< begins so
    WaitReason reason;
};

// Asio's initiation classes without their "initiate_" (boost/asio/**/*.hpp). The first that fits counts. For a look-up
// of a host's name the vocabulary has no word.
constexpr std::array operations{
    OperationWait{"timer", "async_wait", WaitReason::timer},
    OperationWait{"signal_set", "async_wait", WaitReason::signal},
    OperationWait{"", "async_wait", WaitReason::poll},
    OperationWait{"channel", "async_send", WaitReason::chan_send},
    OperationWait{"channel", "async_receive", WaitReason::chan_receive},
    OperationWait{"", "async_read", WaitReason::io_read},
    OperationWait{"", "async_receive", WaitReason::io_read},
    OperationWait{"", "async_buffered_read", WaitReason::io_read},
    OperationWait{"", "async_buffered_fill", WaitReason::io_read},
    OperationWait{"", "async_write", WaitReason::io_write},
    OperationWait{"", "async_send", WaitReason::io_write},
    OperationWait{"", "async_buffered_write", WaitReason::io_write},
    OperationWait{"", "async_buffered_flush", WaitReason::io_write},
    OperationWait{"", "async_accept", WaitReason::io_accept},
    OperationWait{"", "async_move_accept", WaitReason::io_accept},
    OperationWait{"", "async_connect", WaitReason::io_connect},
    OperationWait{"", "async_range_connect", WaitReason::io_connect},
    OperationWait{"", "async_iterator_connect", WaitReason::io_connect},
    OperationWait{"", "async_handshake", WaitReason::io_read},
    OperationWait{"", "async_buffered_handshake", WaitReason::io_read},
    OperationWait{"", "async_shutdown", WaitReason::io_read},
    OperationWait{"", "post", WaitReason::job_queue},
    OperationWait{"", "dispatch", WaitReason::job_queue},
    OperationWait{"", "defer", WaitReason::job_queue},
    OperationWait{"", "co_spawn", WaitReason::await},
    OperationWait{"", "spawn", WaitReason::await},
};

struct WordWait {
    std::string_view word; ///< of a type's name, in small letters; one of six letters and more may go on
    std::string_view also; ///< another word of the name; "" none is needed
    WaitReason reason;
};

// Words of awaiters' names: those of cppcoro, folly::coro, libcoro and what people write. The first that fits counts.
constexpr std::array awaiters{
    WordWait{"schedule", "", WaitReason::job_queue},
    WordWait{"channel", "send", WaitReason::chan_send},
    WordWait{"channel", "push", WaitReason::chan_send},
    WordWait{"channel", "write", WaitReason::chan_send},
    WordWait{"channel", "", WaitReason::chan_receive},
    WordWait{"rwlock", "write", WaitReason::rwlock_write},
    WordWait{"rwlock", "", WaitReason::rwlock_read},
    WordWait{"mutex", "", WaitReason::mutex},
    WordWait{"lock", "", WaitReason::mutex},
    WordWait{"semaphore", "", WaitReason::semaphore},
    WordWait{"barrier", "", WaitReason::barrier},
    WordWait{"latch", "", WaitReason::barrier},
    WordWait{"condition", "", WaitReason::cond},
    WordWait{"event", "", WaitReason::cond},
    WordWait{"baton", "", WaitReason::cond},
    WordWait{"timer", "", WaitReason::timer},
    WordWait{"timeout", "", WaitReason::timer},
    WordWait{"delay", "", WaitReason::sleep},
    WordWait{"sleep", "", WaitReason::sleep},
    WordWait{"accept", "", WaitReason::io_accept},
    WordWait{"connect", "", WaitReason::io_connect},
    WordWait{"read", "", WaitReason::io_read},
    WordWait{"recv", "", WaitReason::io_read},
    WordWait{"receive", "", WaitReason::io_read},
    WordWait{"write", "", WaitReason::io_write},
    WordWait{"send", "", WaitReason::io_write},
    WordWait{"poll", "", WaitReason::poll},
    WordWait{"future", "", WaitReason::future},
    WordWait{"yield", "", WaitReason::job_queue},
    WordWait{"join", "", WaitReason::join},
    WordWait{"task", "", WaitReason::await},
    WordWait{"lazy", "", WaitReason::await},
    WordWait{"awaitable", "", WaitReason::await},
    WordWait{"generator", "", WaitReason::await},
    WordWait{"coroutine", "", WaitReason::await},
    WordWait{"promise", "", WaitReason::await},
};

// "a::b<c, d>::e(f)" without all that is in brackets: "a::b::e".
std::string without_brackets(std::string_view name) {
    std::string bare;
    for (std::size_t at = 0; at < name.size();) {
        const char c = name[at];
        if (c == '<' || c == '(') {
            at = nesting_end(name, at);
        } else {
            bare += c;
            ++at;
        }
    }
    return bare;
}

// The arguments of a list that opens at `open`.
std::vector<std::string_view> arguments(std::string_view name, std::size_t open) {
    std::vector<std::string_view> all;
    const auto end = nesting_end(name, open);
    auto begin = open + 1;
    for (auto at = begin; at < end;) {
        const char c = name[at];
        if (at + 1 == end || c == ',') {
            const auto one = name.substr(begin, at - begin);
            all.push_back(one.substr(0, one.find_last_not_of(' ') + 1)); // "b<c> >"
            begin = std::min(name.find_first_not_of(' ', at + 1), name.size());
            at = std::max(begin, at + 1);
        } else {
            at = c == '<' || c == '(' || c == '{' || c == '[' ? nesting_end(name, at) : at + 1;
        }
    }
    return all;
}

constexpr std::string_view result_of_awaitable = "asio::async_result<";
constexpr std::string_view initiation = "initiate_";

// Where the list of template arguments of its member function opens; npos: it is no such function.
std::size_t initiator_arguments(std::string_view function) {
    const auto name = without_return_type(function);
    const auto result = name.find(result_of_awaitable);
    if (result == name.npos || (result != 0 && name.substr(0, result) != "boost::")) {
        return function.npos;
    }
    const auto token = name.substr(result + result_of_awaitable.size());
    if (!token.starts_with("boost::asio::use_awaitable_t") && !token.starts_with("asio::use_awaitable_t")) {
        return function.npos;
    }
    const auto end = nesting_end(name, result + result_of_awaitable.size() - 1);
    for (const std::string_view member : {"::initiate<", "::do_init<"}) {
        if (name.substr(end).starts_with(member)) {
            return function.size() - name.size() + end + member.size() - 1;
        }
    }
    return function.npos;
}

constexpr std::string_view wrapper = "::init_wrapper<";
constexpr std::string_view observed = "tasks::asio_adapter::Awaited<"; // <tasks/asio_coroutine.hpp>

// The initiation that tokens around use_awaitable have wrapped (redirect_error, as_tuple, append, ...): each is
// "async_result<token, ..>::init_wrapper<the wrapped one>".
std::string_view unwrapped(std::string_view type) {
    for (;;) {
        std::size_t at = 0;
        while (at < type.size() && !type.substr(at).starts_with(wrapper)) {
            at = type[at] == '<' || type[at] == '(' ? nesting_end(type, at) : at + 1;
        }
        const auto inner =
            at < type.size() ? arguments(type, at + wrapper.size() - 1) : std::vector<std::string_view>{};
        if (inner.empty()) {
            return type;
        }
        type = inner.front();
    }
}

// "boost::asio::basic_waitable_timer::initiate_async_wait" as "basic_waitable_timer::async_wait".
std::string operation_words(std::string_view type) {
    auto text = without_brackets(type);
    for (const std::string_view prefix : {"boost::", "asio::", "experimental::", "detail::", "ip::", "posix::"}) {
        if (text.starts_with(prefix)) {
            text.erase(0, prefix.size());
        }
    }
    if (const auto at = text.rfind(initiation); at != text.npos) {
        text.erase(at, initiation.size());
    }
    return text;
}

bool is_upper(char c) { return c >= 'A' && c <= 'Z'; }
bool is_letter(char c) { return (c >= 'a' && c <= 'z') || is_upper(c); }

// "MutexLockAwaiter" and "mutex_lock_awaiter" as mutex, lock, awaiter.
std::vector<std::string> words_of(std::string_view name) {
    std::vector<std::string> words(1);
    for (std::size_t at = 0; at < name.size(); ++at) {
        const char c = name[at];
        const bool begins = is_upper(c) && at > 0 && !is_upper(name[at - 1]);
        if (!is_letter(c) || begins) {
            words.emplace_back();
        }
        if (is_letter(c)) {
            words.back() += static_cast<char>(is_upper(c) ? c - 'A' + 'a' : c);
        }
    }
    std::erase(words, "");
    return words;
}

} // namespace

AsioFrame asio_frame(std::string_view function) {
    if (initiator_arguments(function) != function.npos) {
        return AsioFrame::operation;
    }
    const auto name = without_return_type(function);
    for (const std::string_view entry :
         {"boost::asio::detail::co_spawn_entry_point", "asio::detail::co_spawn_entry_point"}) {
        if (name.starts_with(entry)) {
            return AsioFrame::entry;
        }
    }
    return AsioFrame::none;
}

CoroutineWait wait_of_operation(std::string_view function) {
    const auto open = initiator_arguments(function);
    if (open == function.npos) {
        return {};
    }
    auto types = arguments(function, open);
    std::ranges::transform(types, types.begin(), unwrapped);
    const auto found = std::ranges::find_if(types, [](std::string_view type) {
        const auto bare = without_brackets(type);
        return std::string_view{bare}.substr(bare.rfind(':') + 1).starts_with(initiation);
    });
    if (found == types.end()) { // of a library on top of Asio, or of a group of operations
        return {WaitReason::await, types.empty() ? "" : operation_words(types.front())};
    }
    CoroutineWait wait{WaitReason::unknown, operation_words(*found)};
    const auto last = wait.operation.rfind("::");
    const auto object =
        last == std::string::npos ? std::string_view{} : std::string_view{wait.operation}.substr(0, last);
    const auto name = std::string_view{wait.operation}.substr(last == std::string::npos ? 0 : last + 2);
    const auto row = std::ranges::find_if(operations, [&](const OperationWait& one) {
        return name.starts_with(one.operation) && object.find(one.object) != object.npos;
    });
    if (row != operations.end()) {
        wait.reason = row->reason;
    }
    return wait;
}

CoroutineWait wait_of_group(std::string_view function) {
    const auto name = without_return_type(function);
    for (const std::string_view library : {"boost::", ""}) {
        constexpr std::string_view group = "asio::experimental::awaitable_operators::operator";
        if (name.starts_with(library) && name.substr(library.size()).starts_with(group)) {
            return {WaitReason::await, ""};
        }
    }
    return {};
}

CoroutineWait wait_of_awaiter(std::string_view type) {
    if (type.starts_with(observed)) {
        const auto parts = arguments(type, observed.size() - 1);
        type = parts.empty() ? type : parts.back();
    }
    CoroutineWait wait{WaitReason::unknown, without_brackets(type)};
    const auto words = words_of(wait.operation);
    const auto has = [&words](std::string_view word) {
        constexpr std::size_t long_word = 6; // "ready" is no read
        return word.empty() || std::ranges::any_of(words, [word](const std::string& one) {
                   return one == word || (word.size() >= long_word && one.starts_with(word));
               });
    };
    const auto row =
        std::ranges::find_if(awaiters, [&](const WordWait& one) { return has(one.word) && has(one.also); });
    if (row != awaiters.end()) {
        wait.reason = row->reason;
    }
    return wait;
}

} // namespace tasks::inspect
