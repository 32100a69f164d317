// A generator of receipt numbers is asked for five, put away, and never asked again: it stays suspended in its sixth.
// Repaired: it goes with the scope that asks it.

#include <list>

#include "coroutines/coroutine_cause.hpp"
#include "coroutines/generator.hpp"

namespace {

Generator<unsigned> receipt_numbers(unsigned first) {
    for (unsigned number = first;; ++number)
        co_yield number; // stuck: abandoned-generator
}

void print_five_receipts(Generator<unsigned>& numbers) {
    for (int i = 0; i < 5; ++i)
        numbers.next();
}

/// Never destroyed, and only ever added to.
std::list<Generator<unsigned>>& abandoned() {
    static auto& generators = *new std::list<Generator<unsigned>>;
    return generators;
}

} // namespace

coroutines::Handled coroutines::generator_never_finished() {
    auto& numbers = abandoned().emplace_back(receipt_numbers(1)); // began: abandoned-generator
    print_five_receipts(numbers);
    co_return;
}

coroutines::Handled coroutines::generator_destroyed() {
    auto numbers = receipt_numbers(1);
    print_five_receipts(numbers);
    co_return;
}
