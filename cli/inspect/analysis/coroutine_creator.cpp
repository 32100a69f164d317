#include "analysis/coroutine_creator.hpp"

#include <algorithm>
#include <string>

#include "analysis/function_name.hpp"

namespace tasks::inspect {
namespace {

// "query" of "boost::asio::awaitable<int> Backend<int>::query(long) const [clone .actor]".
std::string last_name(std::string_view function) {
    constexpr std::string_view call = "operator()";
    const auto name = without_return_type(function);
    std::string bare;
    for (std::size_t at = 0; at < name.size();) {
        const char c = name[at];
        if (name.substr(at).starts_with(call)) {
            return std::string{call};
        }
        if (c == '(' || c == '<' || c == '{' || c == '[') {
            at = nesting_end(name, at);
        } else {
            bare += c;
            ++at;
        }
    }
    bare.resize(std::min(bare.find(' '), bare.size()));
    return bare.substr(bare.rfind(':') + 1);
}

} // namespace

std::vector<Frame> creator_frames(const std::vector<Frame>& registered_in, const std::vector<Frame>& caller,
                                  std::string_view coroutine) {
    const auto own = std::ranges::find_if(
        registered_in, [coroutine](const Frame& frame) { return last_name(frame.function) == coroutine; });
    std::vector<Frame> frames;
    if (!coroutine.empty() && own != registered_in.end()) {
        frames.assign(own + 1, registered_in.end());
    }
    frames.insert(frames.end(), caller.begin(), caller.end());
    return frames;
}

} // namespace tasks::inspect
