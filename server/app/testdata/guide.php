<?php
// The PHP of the guide for Laravel, run without Laravel: what it calls is stood
// in for below. The test puts each snippet where its name stands behind
// "// snippet:", and gives as arguments the server's address and its key, a
// conversation, and the socket of the page that asks.
[, $chatServer, $serverKey, $id, $socket] = $argv;

function env(string $name, mixed $default = null): mixed { return getenv($name) ?: $default; }

function config(string $name): string
{
    return ['services.chatbot.key' => $GLOBALS['serverKey'], 'services.chatbot.url' => $GLOBALS['chatServer']][$name];
}

function check(string $what, mixed $got, mixed $want): void
{
    if ($got !== $want) {
        fwrite(STDERR, "$what: got ".json_encode($got).', want '.json_encode($want)."\n");
        exit(1);
    }
}

class Str
{
    public static function uuid(): string { return bin2hex(random_bytes(16)); }
}

class Http
{
    private array $headers = ['Content-Type' => 'application/json', 'Accept' => 'application/json'];
    private string $status = 'no answer';

    public static function withToken(string $token): self
    {
        return (new self)->withHeaders(['Authorization' => "Bearer $token"]);
    }

    public function withHeaders(array $headers): self
    {
        $this->headers = $headers + $this->headers;
        return $this;
    }

    public function post(string $url, array $data): self
    {
        $headers = array_map(fn ($name, $value) => "$name: $value", array_keys($this->headers), $this->headers);
        file_get_contents($url, false, stream_context_create(['http' => [
            'method' => 'POST', 'header' => $headers, 'content' => json_encode($data), 'ignore_errors' => true, 'timeout' => 10,
        ]]));
        $this->status = $http_response_header[0] ?? $this->status;
        return $this;
    }

    public function throw(): void
    {
        check('the answer to the message', preg_match('/ 2\d\d /', $this->status), 1);
    }
}

class User
{
    public int $id = 7;
    public string $name = 'Ann';
    public function can(string $ability): bool { return $ability === 'answer-chats'; }
}

class Broadcast
{
    public static array $channels = [];
    public static function channel(string $name, callable $rule): void { self::$channels[$name] = $rule; }
}

$request = new class($socket) {
    public function __construct(private string $socket) {}
    public function header(string $name): ?string { return $name === 'X-Socket-ID' ? $this->socket : null; }
    public function user(): User { return new User; }
    public function string(string $name): object
    {
        return new class { public function toString(): string { return 'From PHP'; } };
    }
};

$connections = [
    // snippet: broadcasting
];
check('the connection', $connections['reverb'], [
    'driver' => 'reverb', 'key' => 'f4l2tmwqf6eg0f6jz0mw', 'secret' => 'change-me-to-something-long', 'app_id' => '256980',
    'options' => ['host' => 'localhost', 'port' => getenv('REVERB_PORT'), 'scheme' => 'http', 'useTLS' => false],
]);

// snippet: channels
check('who may listen', Broadcast::$channels['chat.conversation.{id}'](new User, $id), true);

// snippet: post-message-php
echo "posted\n";
