# SPDX-License-Identifier: GPL-2.0
# An inverted index: which documents have a word. index.pl SEED
use integer;

my ($WORDS, $LENGTH, $FIRST) = (40000, 40, 5000);
my $state = $ARGV[0] * 2654435761 + 1;
my (%index, @documents);

sub draw {
	my $x = $state;

	$x ^= $x << 13;
	$x ^= ($x >> 7) & 0x1ffffffffffffff;
	$x ^= $x << 17;
	$state = $x;
	return (($x >> 11) & 0x1fffffffffffff) % $_[0];
}

# Twice as often of the first half of the numbers below a power of two, and so on.
sub word {
	return "word" . draw(draw(draw($WORDS) + 1) + 1) * 7919 % $WORDS;
}

sub add_document {
	my $number = @documents;

	for (1 .. $LENGTH) {
		my $word = word();

		$documents[$number] .= "$word ";
		push @{$index{$word}}, $number;
	}
}

sub ask {
	my $found = $index{word()} or return;
	my $sum = 0;

	$sum += length $documents[$found->[draw(scalar @$found)]] for 1 .. 4;
	return $sum;
}

$| = 1;
add_document() for 1 .. $FIRST;
print "ready\n";
while (1) {
	ask() for 1 .. 50;
	add_document();
}
