#include <tasks/protocol/messages.hpp>

#include <memory>

#include "fuzz_entries.hpp"
#include "must.hpp"

namespace tasks::fuzz {

namespace {

using namespace protocol;

// What was read is written; that is read as the same again. A text at its cap stays as it is.
template <class Message> void run(std::string_view payload) {
    const auto first = read<Message>(payload);
    if (!first) {
        must(!first.error().sentence.empty(), "a refusal has a sentence");
        return;
    }
    const auto bytes = write(*first);
    const auto second = read<Message>(bytes);
    must(second.ok(), "what was written can be read");
    must(write(*second) == bytes, "what was read again is the same");
}

template <class Message> void write_into_memory(std::string_view payload, std::size_t size) {
    const auto message = read<Message>(payload);
    if (!message)
        return;
    const auto memory = std::make_unique<char[]>(size);
    PartWriter writer{{memory.get(), size}};
    if constexpr (requires { writer.whole(*message); }) {
        must(!writer.whole(*message) || writer.bytes() == write(*message), "both ways write the same");
    } else if constexpr (requires { message->sites; }) {
        for (const auto& site : message->sites)
            writer.add(site);
        for (const auto& task : message->tasks)
            writer.add(task);
        must(read<Message>(writer.bytes()).ok(), "parts that fit can be read");
    } else if constexpr (requires { message->threads; }) {
        for (const auto& module : message->modules)
            writer.add(module);
        for (const auto& thread : message->threads)
            writer.add(thread);
        must(read<Message>(writer.bytes()).ok(), "parts that fit can be read");
    }
}

template <class... Messages> void run_one_of(unsigned choice, std::string_view payload) {
    unsigned number = 0;
    const auto run_if_chosen = [&](bool chosen, auto run_chosen) {
        if (chosen)
            run_chosen();
    };
    (run_if_chosen(number++ == choice % sizeof...(Messages),
                   [&] {
                       run<Messages>(payload);
                       write_into_memory<Messages>(payload, choice * 2);
                   }),
     ...);
}

} // namespace

void messages(const std::uint8_t* data, std::size_t size) {
    if (size == 0)
        return;
    const std::string_view payload{reinterpret_cast<const char*>(data) + 1, size - 1};
    run_one_of<Hello, Welcome, ErrorAnswer, VitalsRequest, VitalsAnswer, CountsRequest, CountsAnswer, TasksRequest,
               TasksAnswer, StacksRequest, StacksAnswer>(data[0], payload);
}

} // namespace tasks::fuzz
