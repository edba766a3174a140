# Debian's ruby-faye. It does as npm faye does, but sends the subscriptions before the first connect.

require 'faye'
require 'json'

$stdout.sync = true

def report(message)
  puts JSON.generate(message)
end

class Report
  def incoming(message, go_on)
    # It takes any JSON for messages, such as the body of an HTTP 503.
    report(message) if message['channel']&.start_with?('/meta/')
    go_on.call(message)
  end
end

EM.run do
  # Seconds until it tries again what failed; 5 if nobody says otherwise.
  client = Faye::Client.new(ENV.fetch('WATCH_URL'), retry: 1)
  client.set_header('Authorization', ENV.fetch('WATCH_AUTHORIZATION'))
  client.disable('websocket') unless ENV.fetch('WATCH_TRANSPORT') == 'websocket'
  client.add_extension(Report.new)
  ENV.fetch('WATCH_CHANNELS').split(' ').each do |wanted|
    client.subscribe(wanted).with_channel do |channel, data|
      report('channel' => channel, 'data' => data)
    end
  end
  Thread.new do
    $stdin.read
    EM.next_tick do
      ending = client.disconnect
      ending ? ending.callback { EM.stop }.errback { EM.stop } : EM.stop
    end
  end
end
