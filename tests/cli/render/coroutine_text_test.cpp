// Coroutines as text and JSON, byte by byte.
#include <catch2/catch.hpp>

#include "inspect/analysis/made_coroutines.hpp"
#include "inspect/analysis/made_snapshot.hpp"
#include "render/captured_sink.hpp"
#include "render/golden.hpp"
#include "render/render.hpp"
#include "render/valid_json.hpp"

namespace tasks::render {
namespace {

using inspect::MadeCoroutines;
using inspect::MadeSnapshot;
using inspect::PointKind;
using inspect::Provenance;

const std::string timer =
    "boost::asio::awaitable<void, boost::asio::any_io_executor> boost::asio::async_result<boost::asio::use_awaitable_t<"
    "boost::asio::any_io_executor>, void (boost::system::error_code)>::initiate<boost::asio::basic_waitable_timer<std::"
    "chrono::_V2::steady_clock>::initiate_async_wait>(boost::asio::basic_waitable_timer<std::chrono::_V2::steady_clock>"
    "::initiate_async_wait, boost::asio::use_awaitable_t<boost::asio::any_io_executor>)";
const std::string entry = "boost::asio::awaitable<boost::asio::detail::awaitable_thread_entry_point, "
                          "boost::asio::any_io_executor> boost::asio::detail::co_spawn_entry_point<int>(int)";

const std::string inner = "boost::asio::awaitable<void> l5(long, std::string)";
const std::string outer = "boost::asio::awaitable<int> l4(long)";

/// A server: sessions that wait for a timer, a generator, what never began, what ended, a thread that runs one.
class Server {
protected:
    Server() {
        for (const auto* id : {"1000", "1001", "1002", "1003"}) {
            session(id);
        }
        coroutines.frame("leaked(int)", 40).state = protocol::State::done;
        point("leaked(int)", 1).kind = PointKind::final;
        point("leaked(int)", 1).provenance = Provenance::none;
        coroutines.frame("later(std::string)", 0);
        coroutines.frame("guess()", 50, "ReadAwaiter").inferred = true;
        point("guess()", 1).provenance = Provenance::none;
        coroutines.frame("nobody()", 60).point = inspect::CoroutineFrame::no_point;
        running();
        coroutines->values_read = true;
    }

    /// An operation, two coroutines, Asio's root.
    void session(const std::string& id) {
        coroutines.frame(timer, 1);
        coroutines.frame(inner, 6).values = {
            {"id", id, false}, {"key", "\"key-" + id + "\x1b[2J\"", false}, {"left", "7", true}};
        coroutines.frame(outer, 8);
        coroutines.frame(entry, 96);
        point(outer, 1).provenance = Provenance::about;
        chain(4);
    }

    void running() {
        made.place("busy.actor", inspect::frame_at("_Z4busyv.actor", "/src/session.cpp", 71));
        made.place("scheduler", inspect::frame_at("boost::asio::detail::scheduler::run", "/usr/scheduler.ipp", 209));
        coroutines.frame("busy()", 70);
        coroutines.frame("serve()", 75);
        chain(2);
        auto& frame = coroutines->frames[coroutines->frames.size() - 2];
        frame.tid = 11;
        frame.state = protocol::State::running;
        frame.point = inspect::CoroutineFrame::no_point;
        auto& function = coroutines->functions[frame.function];
        function.resume = made.pc_of("busy.actor");
        function.resume_size = 8;
        made.thread(11, "io").blocked({"busy.actor", "scheduler"}, 1);
    }

    /// Each of the last `count` frames is awaited by the next.
    void chain(std::size_t count) {
        auto& frames = coroutines->frames;
        for (auto at = frames.size() - count; at + 1 < frames.size(); ++at) {
            frames[at].awaited_by = frames[at + 1].address;
        }
    }

    inspect::SuspendPoint& point(const std::string& function, std::size_t number) {
        auto& functions = coroutines->functions;
        return std::ranges::find(functions, function, &inspect::CoroutineFunction::function)->points[number];
    }

    std::string text(const inspect::StackOptions& options) {
        CapturedSink sink;
        stack_text(made.analyse(options), options, {}, sink);
        return sink.text;
    }
    std::string json(const inspect::StackOptions& options) {
        CapturedSink sink;
        stack_json(made.analyse(options), sink);
        CHECK(valid_json(sink.text));
        return sink.text;
    }

    MadeSnapshot made;
    MadeCoroutines coroutines{*made};
};

} // namespace

TEST_CASE_METHOD(Server, "coroutines as text", "[golden]") {
    check_golden("coroutines.txt", text({}));
    check_golden("coroutines_args.txt", text({.arguments = true, .limit = 1}));
    check_golden("coroutines_full.txt", text({.full = true, .raw_frames = true, .locals = true, .limit = 2}));
}

TEST_CASE_METHOD(Server, "coroutines as JSON", "[golden]") {
    check_golden("coroutines.json", json({.arguments = true}));
}

TEST_CASE_METHOD(Server, "what a process says in its arguments does not command the terminal") {
    CHECK(text({.arguments = true}).find('\x1b') == std::string::npos);
    CHECK(json({.arguments = true}).find('\x1b') == std::string::npos);
}

} // namespace tasks::render
